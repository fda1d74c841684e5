// Diagnostics of validate.ts: code and what it means. docs/errors.md lists them.

export const policyCodes = {
  'policy.unknown_pathway': 'A scope names a pathway that is not defined.',
  'policy.ipv4_only_catch_all':
    '`0.0.0.0/0` matches IPv4 clients only; without `::/0`, IPv6 clients fall outside the Peer blocks.',
  'policy.no_listen': 'No Listen is enabled, so there is nothing to serve.',
  'policy.no_upstream':
    'A Listen has no Upstream in any of its scopes, so no session could be relayed.',
  'policy.tls_without_certificate': '`Use_SSL` is on where no certificate and key are set.',
  'policy.pathway_group_extension':
    'Session options in a Pathway_Group work in Postern; Momentum itself ignores them there.',
  'policy.duplicate_pathway': 'Two groups define a pathway of one name; the first is used.',
  'policy.unknown_zone': 'A limit names a zone that is not declared.',
  'policy.duplicate_limit': 'One scope limits a zone twice.',
  'policy.limit_never_asked':
    'A limit after authentication stands where no session authenticates, so it counts nothing.',
  'policy.only_with_a_login':
    'An option about the login at an upstream stands where no session logs in; nothing goes by it.',
  'policy.method_not_checkable':
    'A way to log in is listed that neither a users file nor an upstream can check; it is not offered.',
  'policy.no_starttls': 'ECStream has no STARTTLS, so its upstream cannot be asked for it.',
  'policy.upstream_without_a_name':
    "TLS to an upstream is verified, and nothing says which name the upstream's certificate must have.",
  'policy.upstream_by_address':
    'TLS to an upstream is verified, and its certificate must carry an IP address, for want of a name.',
  'policy.upstream_tls_off':
    'An option about TLS to the upstream stands where nothing goes to it by TLS.',
  'policy.capability_not_kept':
    'Clients that log in are told of CHUNKING or BINARYMIME, whose BDAT is not read before the relay.',
  'policy.not_after_login':
    'An option that acts inside the relay stands where sessions log in; it could not be kept.',
  'policy.resolver_without_use':
    'Names of clients would be looked up where nobody is told them, so they are not.',
  'policy.resolver_without_family':
    'Both families of addresses are off where names of clients are looked up.',
  'policy.rate_after_alone': 'Bytes are let through before a rate holds, where no rate is set.',
  'policy.block_over_ceiling':
    'A Peer has a larger cap than the shared cap above it, which it can never reach.',
  'policy.admin_exposed':
    'The admin API would listen beyond this machine without a token, or without TLS.',
  'policy.admin_half_a_certificate':
    'The admin API has a certificate without a key, or a key without one.',
  'policy.admin_without_use': 'An option of the admin API stands where nothing goes by it.',
  'policy.watch_ends_at_starttls':
    'An option that acts on SMTP commands sees nothing after a client and the upstream agreed on STARTTLS.',
  'policy.no_cluster': 'A limit counts over all nodes, and no store is named in which they could.',
  'policy.cluster_unused': 'A store is named, and no limit counts over all nodes.',
  'policy.cluster_which_store':
    'Several addresses of a store are named, or sentinels, in a way that does not say what they are.',
  'policy.cluster_not_there': 'An option of the store stands where such a store has no use for it.',
  'policy.cluster_certificate': 'A certificate for the store has no key, or a key no certificate.',
  'policy.cluster_plain_password':
    'The password of the store goes over the network without encryption.',
  'policy.cluster_block_over_cap':
    'A node would borrow as many slots at once as the cap has, or more, and leave none to the others.',
} as const

export type PolicyCode = keyof typeof policyCodes

// Every diagnostic code of the nginx dialect, with the sentence docs/errors.md prints for it.

/** Code -> what it means and what to do, in one sentence. */
export const nginxCodes = {
  'nginx.argument_count': 'A directive has more or fewer arguments than it takes.',
  'nginx.bad_value': 'The argument is not one of those the directive takes.',
  'nginx.block_in_command_line': 'The text of `-g` holds a block; only plain directives may stand.',
  'nginx.capped': 'The value is larger than Postern allows; the largest one holds.',
  'nginx.differs': 'Postern does what the directive says, but for the difference named.',
  'nginx.duplicate': 'A directive stands twice in a block that can hold it once.',
  'nginx.duplicate_listen': 'The same address and port are listened on twice.',
  'nginx.duplicate_value': 'A word of a list stands there twice; once is enough.',
  'nginx.file_unreadable': 'The configuration file cannot be read.',
  'nginx.host_bits': 'The block has bits below its mask; they are masked off.',
  'nginx.ignored_directive': 'nginx knows the directive, Postern does not act on it.',
  'nginx.include_cycle': 'A file includes itself, directly or through others.',
  'nginx.include_limit': 'Includes nest too deeply, or are too many, or too large in sum.',
  'nginx.include_missing': 'An included file is not there or cannot be read.',
  'nginx.key_never_matches': 'No header of an auth server can have the name in the key.',
  'nginx.limit_number': 'The number of connections is not 1 to 65535.',
  'nginx.missing_semicolon': 'A line that starts like a directive was taken as arguments.',
  'nginx.nesting_too_deep': 'Blocks nest deeper than 64 levels.',
  'nginx.no_authenticator':
    'A server has neither `auth_http` nor `auth_users` nor `proxy_pass`, or `auth_upstream` without `proxy_pass`.',
  'nginx.no_block': 'A block directive stands without its `{`.',
  'nginx.no_certificate': 'TLS is asked for, and a certificate, key or authority is missing.',
  'nginx.no_effect': 'The directive stands where nothing goes by it.',
  'nginx.no_events': 'The configuration has no `events { }`, which nginx demands.',
  'nginx.no_listen': 'A server has no `listen`.',
  'nginx.no_protocol': 'A server says no `protocol`, and its port does not tell it either.',
  'nginx.not_allowed_here': 'The directive exists, but not in this block.',
  'nginx.not_in_this_version':
    'The directive belongs to a later version; nothing would enforce it.',
  'nginx.not_terminated': 'A directive without a block is followed by `{`: its `;` is missing.',
  'nginx.nul_byte': 'The file holds NUL bytes, so it is probably not a text.',
  'nginx.secret_in_text':
    'A user or password stands in the configuration, which is shown and logged; only the place of one may.',
  'nginx.skipped_block': 'The block is for other modules of nginx; Postern does not read it.',
  'nginx.too_long_parameter': 'A word has 4096 bytes or more; usually a quotation mark is missing.',
  'nginx.too_many_errors': 'Errors beyond the first thousand are counted, not shown.',
  'nginx.two_authenticators':
    'Two of `auth_http`, `auth_users` and `auth_upstream` stand in one block; one alone can decide.',
  'nginx.unexpected': 'A character stands where it makes no sense.',
  'nginx.unexpected_end': 'The text ends inside a directive or a block.',
  'nginx.unknown_directive': 'No directive has this name.',
  'nginx.zero_time': 'A time of 0: in nginx at once, in Postern never.',
  'nginx.zone_bound': 'A zone is declared twice.',
  'nginx.zone_name_missing': 'A zone has no name.',
  'nginx.zone_other_use': 'The name of a zone is taken by another kind of zone.',
  'nginx.zone_size': 'The size of a zone is missing or no size.',
  'nginx.zone_size_conflict': 'A zone is declared twice, with different sizes.',
  'nginx.zone_too_small': 'A zone has less than 32 KiB.',
  'nginx.zone_unknown': 'A limit names a zone that is declared nowhere.',
} as const

export type NginxCode = keyof typeof nginxCodes

// Every error code and every log text of the gateway, with what it means. docs/ lists them from
// here.

/** Codes of the PosternErrors that start and reload reject with. */
export const gatewayErrors = {
  'gateway.address_in_use':
    'Another process, or another Listen, listens on this address or Unix socket already.',
  'gateway.permission_denied':
    'The system does not let Postern bind this address; ports below 1024 need privileges.',
  'gateway.address_unavailable': 'No interface of this machine has the address of a Listen.',
  'gateway.not_a_socket':
    'The path of a Unix Listen exists and is not a socket; Postern never removes such a file.',
  'gateway.path_missing': 'The directory of a Unix Listen does not exist.',
  'gateway.path_too_long':
    'The directory of a Unix Listen is so long that the socket cannot be put into it safely.',
  'gateway.bind_failed': 'A Listen could not be bound for another reason, which is named.',
  'gateway.tls_missing': 'TLS is on for sessions that have no certificate.',
  'gateway.tls_file': 'A certificate, key or CA file could not be read.',
  'gateway.tls_invalid':
    'A file of TLS does not hold what it should, or does not fit the others, or the TLS library takes a value for none of its own.',
  'gateway.tls_dates':
    'A certificate has expired, or is not valid yet: a warning, since clients may be lenient.',
  'gateway.users_file': 'A users file could not be read, or a line of it is wrong.',
  'gateway.password_library':
    'An optional package that checks bcrypt or argon2 hashes is not installed.',
  'gateway.resolver_not_found': 'The host name of a name server has no address.',
  'gateway.no_shared_sockets':
    'This Node.js cannot hold a listening socket that it does not serve; run one worker, and let it bind the socket itself.',
  'gateway.closing': 'The gateway is draining or closed and takes no new policy.',
} as const

export type GatewayErrorCode = keyof typeof gatewayErrors

/**
 * Log texts. What varies stands where the angle brackets are; the level is nginx's for the same
 * event where nginx has one.
 */
export const gatewayLogs = {
  'bound <listen>': 'notice: a Listen accepts connections.',
  'took <socket> (descriptor <n>, "<name>")':
    'notice: a socket that was handed in (systemd socket activation) serves the Listen of its address.',
  'no socket was handed in for <listen>, it is bound here':
    'warn: other sockets were handed in; this one closes when the daemon ends. Name it in the .socket unit, too.',
  'socket <socket> was handed in and matches no Listen: its clients are not served':
    'warn: the .socket unit names an address that no enabled Listen has. The socket is kept for a reload that adds one.',
  'descriptor <n> ("<name>") that was handed in is no listening socket (<errno>); it is not used':
    'warn: Postern serves listening sockets of streams (ListenStream, with Accept=no) alone.',
  'retired <listen>': 'notice: a reload took a Listen away; its sessions go on.',
  'accept() failed (<errno>)': 'crit: the system gave no connection; at most once a minute.',
  'no free file descriptors (<errno>), connections are dropped':
    'crit: raise the limit of open files; at most once a minute. Serving goes on by itself.',
  'listen backlog of <listen> takes effect at the next start':
    'warn: a reload changed Listen_Backlog of a socket that stays bound.',
  'chmod() of <path> failed (<errno>)': 'error: a reload could not apply File_Mode.',
  'broken header: "<what came>" while reading PROXY protocol':
    'error: the connection was closed without a byte (SEMANTICS S12).',
  '<listen> went away while reading PROXY protocol':
    'info: a reload took away the whole service of a client whose address was not known yet.',
  'client timed out while reading PROXY protocol':
    'info: Proxy_Protocol_Timeout passed; the connection was closed without a byte.',
  'client closed connection <while>':
    'info: the client left before the relay began (SEMANTICS S23).',
  'client timed out (110: Connection timed out)': 'info: Idle_Time passed (SEMANTICS S22).',
  'SSL_do_handshake() failed (<why>) while SSL handshaking':
    'info: the client and Postern found no common TLS, or it spoke no TLS at all. After STARTTLS all lines about a handshake say `while in starttls state`.',
  'client timed out while SSL handshaking': 'info: the handshake took more than 30 s.',
  'client SSL certificate verify error: (<number>:<why>) while SSL handshaking':
    'info: the certificate of the client did not pass; the session was ended (TLS_Verify_Mode, ssl_verify_client).',
  'client sent no required SSL certificate while SSL handshaking':
    'info: the client has to show a certificate, and showed none; the session was ended.',
  '<option> "<file>": the certificate of <name> has expired (<when>)':
    'warn: a certificate of a server, or of its chain, is out of date; said at every start and reload.',
  'TLS is not usable: <why>':
    'error: no TLS context could be made for one kind of session; it was closed.',
  'connect() failed (<errno>) while connecting to upstream':
    'error: an upstream address was skipped; the next one is tried.',
  'upstream timed out (110: Connection timed out) while connecting to upstream':
    'error: an upstream address did not answer within its 10 s.',
  'session ended by an operator':
    'notice: somebody kicked it, over the control socket or the admin API.',
  'shutdown timeout while proxying':
    'info: a quit waited for worker_shutdown_timeout; the session was ended without a word.',
  'upstream timed out (110: Connection timed out) while SSL handshaking to upstream':
    'error: an upstream took the connection, and did not finish the handshake in time.',
  'upstream SSL certificate verify error: (<number>:<why>) while SSL handshaking to upstream':
    'error: the certificate of an upstream is not of a trusted authority, or out of its time; nothing was said to it (proxy_ssl_trusted_certificate, Upstream_TLS_CA).',
  'upstream SSL certificate does not match "<name>" while SSL handshaking to upstream':
    'error: the certificate of an upstream has another name than the one expected (proxy_ssl_name, Upstream_TLS_Name).',
  'SSL_do_handshake() failed (<why>) while SSL handshaking to upstream':
    'error: no common TLS with an upstream, or it speaks no TLS at all.',
  'peer closed connection in SSL handshake while SSL handshaking to upstream':
    'error: an upstream hung up in the middle of the handshake.',
  'upstream does not offer STARTTLS':
    'error: TLS is wanted, and the upstream has none; nothing more was said to it.',
  'upstream refused STARTTLS': 'error: the upstream said no to STARTTLS or STLS.',
  'upstream sent data behind its reply to STARTTLS':
    'error: somebody put it there, in plain text, to have it read as if from inside TLS.',
  'TLS to upstream is not usable: <why>':
    'error: no TLS context could be made for one kind of session after a reload.',
  'upstream stopped answering':
    'warn: an address of Upstream or proxy_pass could not be reached, or its TLS not be trusted; said once, until it is back. For 10 s it is tried after the others.',
  'upstream answers again': 'notice: it is back.',
  'no live upstreams while connecting to upstream':
    'error: every address failed; the client got 421 and its slot came back.',
  'no upstream is configured': 'error: the session was turned away.',
  'lost <listen>: <why>':
    'crit: a reload failed, and a Listen that had made room could not be bound again.',
  'client closed connection (<errno>) <while>': 'info: the same, by a reset.',
  'client timed out (110: Connection timed out) while connecting to upstream':
    'info: Idle_Time passed before an upstream answered; the client got a goodbye.',
  'batch limit reached': 'info: Max_Receptions_Per_Connection ended the session.',
  'reconfiguration in progress': 'info: Reconfig_Message ended a session of an older policy.',
  'data pipelined after STARTTLS':
    'warn: Starttls_Injection_Policy ended the session: what came behind STARTTLS was not encrypted.',
  'upstream refused XCLIENT': 'error: Upstream_XCLIENT is required; the client got 421.',
  'upstream closed before its greeting': 'error: the client got 421.',
  'too much sent before the reply': 'warn: the client sent more than fits before an answer came.',
  'upstream does not speak SMTP, session no longer watched':
    'warn: the session goes on as a plain relay.',
  'auth http server <address> <what> while in http auth state':
    'error: the auth server could not be used (timed out, prematurely closed connection, sent invalid response, sent invalid header in response, did not send server or port and the like); the client got an internal error.',
  'connect() failed (<errno>) while in http auth state':
    'error: nobody listens where Auth_HTTP points; the client got an internal error.',
  '<address> could not be resolved (<number>: <why>) while in resolving client address':
    'error: no name was found for an SMTP client, or nobody answered; it is [UNAVAILABLE] or [TEMPUNAVAIL].',
  '"<name>" could not be resolved (<number>: <why>) while in resolving client hostname':
    'error: the name of an SMTP client has no address, or nobody answered.',
  '"<name>" does not point to <address> while in resolving client hostname':
    'info: the name of an SMTP client belongs to others; it is not believed.',
  '<address> resolved to an invalid host name while in resolving client address':
    'error: the PTR record of an SMTP client holds what no host is called; it is shown to nobody.',
  '<address> could not be resolved lately while <action>':
    'info: it took too long a moment ago, so this client did not wait for it.',
  'no name server has an address while in resolving client address':
    'error: none of the name servers could be asked.',
  'client login failed: "<text>" while in http auth state':
    'info: the auth server said no, and this is what the client was told.',
  'client login failed: "<text>" while checking the password':
    'info: the users file has no such user, or another password; the client may try again.',
  'client login failed: "<text>" while logging in at the upstream':
    'info: the upstream refused the login; the client may try again.',
  'users file <path> <what> while checking the password':
    'error: the login could not be decided (too many passwords wait to be checked, names no upstream for the user, a library is missing); the client got an internal error.',
  'client timed out (110: Connection timed out) while <action>':
    'info: the client did not log in within its time, or Idle_Time passed before the relay.',
  'client was rejected: "<command>" while in auth state':
    'info: the client wants to send mail without a login.',
  'client sent <what> while in auth state':
    'info: a command or credentials that cannot be used: too long, too many, not base64 and the like.',
  'upstream timed out (110: Connection timed out) while proxying':
    'info: neither side has said anything for proxy_timeout.',
  'upstream timed out (110: Connection timed out) while <action>':
    'error: the upstream that the auth server named did not take the client within its time.',
  'upstream sent invalid response: "<reply>" while reading response from upstream':
    'error: the upstream refused the login, or said what cannot be understood.',
  'upstream sent too long response line: "<line>" while reading response from upstream':
    'error: the reply was longer than any that a login needs.',
  'upstream prematurely closed connection while reading response from upstream':
    'error: the upstream hung up before the client was logged in.',
  'no password available while sending AUTH to upstream':
    'error: the upstream wants a password that neither the client nor the auth server gave.',
  '<what> cannot be sent to upstream':
    'info: a login holds bytes that the protocol of the upstream has no words for.',
  'recv() failed (<errno>) while proxying and reading from client':
    'info: the connection of a relayed client broke.',
  'recv() failed (<errno>) while proxying and reading from upstream':
    'info: the connection to the upstream of a relayed session broke.',
} as const

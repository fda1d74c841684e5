// What a client shows to prove who it is. The bytes are as sent: whose they are is not known yet.

/**
 * `method` is what freenginx's `Auth-Method` says, so the LOGIN mechanism, the LOGIN command and
 * USER with PASS are all `plain`. With `none` (smtp_auth none) the client shows nothing.
 */
export type Credentials =
  | { readonly method: 'plain'; readonly login: Buffer; readonly password: Buffer }
  /** `response` is a digest over the salt of the event and the password. */
  | { readonly method: 'apop' | 'cram-md5'; readonly login: Buffer; readonly response: Buffer }
  /** The proof is elsewhere, in a client certificate. */
  | { readonly method: 'external'; readonly login: Buffer }
  | { readonly method: 'xoauth2' | 'oauthbearer'; readonly login: Buffer; readonly token: Buffer }
  | { readonly method: 'none' }

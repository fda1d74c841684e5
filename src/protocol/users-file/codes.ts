// Diagnostics of a users file: code and what it means. docs/errors.md lists them.

export const usersFileCodes = {
  'users.too_large': 'The users file is larger than 64 MiB, so it is probably not a users file.',
  'users.line_too_long': 'A line is longer than 1,024 characters; no user needs that many.',
  'users.bad_line': 'A line is not `user:hash` or `user:hash:upstream`.',
  'users.bad_name':
    'A user name is empty, too long, or has control characters or spaces around it.',
  'users.duplicate': 'A user stands in the file twice; the first line counts.',
  'users.unknown_scheme': 'A hash is of a scheme that Postern does not check, or is no hash.',
  'users.bad_hash': 'A hash is of a known scheme and is not written as that scheme writes it.',
  'users.hash_too_costly': 'A hash asks for more memory or time than one login may take.',
  'users.bad_upstream': 'The upstream of a user is neither host and port nor a path.',
  'users.unreadable': 'The users file is not there, is no file, or may not be read.',
  'users.readable_by_others': 'The mode of the users file lets everybody on the machine read it.',
  'users.nobody': 'The users file has no user, so nobody can log in.',
  'users.no_upstream':
    'Neither a user nor the server that asks for the users file has an upstream to relay to.',
  'users.too_many_errors': 'Errors beyond the first hundred are counted, not shown.',
} as const

export type UsersFileCode = keyof typeof usersFileCodes

// Every diagnostic code of the Momentum dialect, with the sentence docs/errors.md prints for it.

/** Code -> what it means and what to do, in one sentence. */
export const momentumCodes = {
  'momentum.array_unclosed': 'A list opened with `(` is never closed with `)`.',
  'momentum.bad_address':
    'A Listen or Upstream address cannot be read as host and port or as a path.',
  'momentum.bad_block': 'A Peer name is neither an IP address nor a CIDR block.',
  'momentum.bad_name': 'A scope name is missing, empty, unexpected or holds control characters.',
  'momentum.bad_value': 'The value is not one of those the option knows.',
  'momentum.brace_unclosed': 'A scope opened with `{` is never closed with `}`.',
  'momentum.brace_unmatched': 'A `}` closes nothing: an earlier one already closed the last scope.',
  'momentum.capped': 'The value is larger than Postern allows; the largest one holds.',
  'momentum.comment_unclosed': 'A comment opened with `/*` is never closed with `*/`.',
  'momentum.dictionary_unclosed': 'A dictionary opened with `[` is never closed with `]`.',
  'momentum.duplicate_listen':
    'The same endpoint is written in two listeners; a socket has one owner.',
  'momentum.equals_before_brace': 'The `=` between a scope and its `{` is not needed.',
  'momentum.equals_missing': 'A list or dictionary is usually written with `=` before its bracket.',
  'momentum.file_unreadable': 'The configuration file cannot be read.',
  'momentum.host_bits': 'The block has bits below its mask; they are masked off.',
  'momentum.ignored_option': 'Momentum knows the option, Postern does not act on it.',
  'momentum.ignored_scope': 'Momentum knows the scope, Postern does not act on anything in it.',
  'momentum.include_cycle': 'A file includes itself, directly or through others.',
  'momentum.include_limit': 'Includes nest too deeply, or are too many, or too large in sum.',
  'momentum.include_missing': 'An included file or directory is not there or cannot be read.',
  'momentum.include_scheme': 'The URI of an include cannot be followed; only local files are read.',
  'momentum.line_too_long': 'A line is longer than 65536 characters; no hand-written line is.',
  'momentum.mutually_exclusive':
    'Two options of one scope exclude each other: Use_SSL and STARTTLS, or two authenticators.',
  'momentum.negative_number': 'The number is negative; counts and times never are.',
  'momentum.nesting_too_deep': 'Scopes nest deeper than 32 levels.',
  'momentum.no_effect':
    'The option stands in a service that does not speak the protocol it is about.',
  'momentum.not_a_scope': 'An option is written like a scope.',
  'momentum.not_an_option': 'A scope is written like an option.',
  'momentum.not_in_this_version':
    'The option belongs to a later version; nothing would enforce it.',
  'momentum.nul_byte': 'The file holds NUL bytes, so it is probably not a text.',
  'momentum.option_missing': 'A scope lacks an option that it cannot do without.',
  'momentum.out_of_range': 'The number is larger or smaller than the option allows.',
  'momentum.postern_addition': 'The option is valid here in Postern, not in Momentum.',
  'momentum.secret_in_text':
    'A user or password stands in the configuration, which is shown and logged; only the place of one may.',
  'momentum.single_quotes': "Momentum's manual only uses double quotes.",
  'momentum.string_unclosed': 'A string is never closed with its quotation mark.',
  'momentum.too_many_errors': 'Errors beyond the first thousand are counted, not shown.',
  'momentum.undocumented_scope': "Momentum's manual does not list this scope for the option.",
  'momentum.unexpected': 'Something stands where the name of an option or scope should stand.',
  'momentum.unit_suffix': 'Numbers carry no unit: times are bare seconds, sizes bare bytes.',
  'momentum.unknown_option': 'No option has this name.',
  'momentum.unknown_scope': 'No scope has this name.',
  'momentum.unquoted_brackets': 'An IPv6 endpoint must stand in quotation marks.',
  'momentum.value_missing': 'An option is written without a value.',
  'momentum.wrong_form':
    'A list, a dictionary or a plain value stands where another form is needed.',
  'momentum.wrong_scope': 'The option or scope is not valid in the scope it stands in.',
  'momentum.wrong_type': 'The value is of another type than the option takes.',
} as const

export type MomentumCode = keyof typeof momentumCodes

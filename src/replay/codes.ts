// Codes of what may be wrong with a trace. docs/errors.md lists them.

export const replayCodes = {
  'replay.bad_trace': 'A file is no trace, or a line of it is damaged; the message names the line.',
  'replay.unreadable': 'A trace cannot be opened or read.',
} as const

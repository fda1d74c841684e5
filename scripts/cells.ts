// Text in a cell of a Markdown table.

/** A bar would end the table's cell. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

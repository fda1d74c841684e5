// Makes text of others fit to stand in a reply: one line, whatever it holds.

/** Control characters become spaces, so that no reply can be made to look like two. */
export function safeText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ')
}

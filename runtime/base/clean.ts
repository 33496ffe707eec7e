/** Text of others on the terminal: names, errors and paths are data, and a terminal obeys what it is sent. */

/** What a terminal acts on instead of showing it: C0 without tab and newline, DEL, C1, and what turns text around. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with such characters shown as `\xNN` or `\uNNNN`; lines stay. */
export function clean(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** The same in one line. */
export function cleanLine(text: string): string {
  return clean(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

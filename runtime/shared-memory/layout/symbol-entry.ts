/** One named object: same name, same words, on every cpu. Protected by the symbol lock; never removed. */
import { plain, struct } from '../struct.ts';

export const SymbolEntry = struct('SymbolEntry', {
  /** A code of symbols.ts, 0 for an empty entry. */
  kind: plain(),
  hash: plain(),
  /** Word offset and bytes of the name. */
  name: plain(),
  nameBytes: plain(),
  /** Word offset of the object. */
  ref: plain(),
  /** Elements. */
  length: plain(),
  spare: plain(2),
});

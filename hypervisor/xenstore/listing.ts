import type {ByteString} from './byte-string.ts';
import type {NodeRecord} from './tree.ts';

interface Listing {
  readonly generation: number;
  readonly text: ByteString;
}

/** Long listings are asked for again and again, part by part. */
const listings = new WeakMap<NodeRecord, Listing>();

/** The children's names, each with a NUL behind it. */
export function listingOf(node: NodeRecord): ByteString {
  const known = listings.get(node);
  if (known?.generation === node.generation) return known.text;
  let text = '';
  for (const name of node.names()) text += `${name}\0`;
  if (text !== '') listings.set(node, {generation: node.generation, text});
  return text;
}

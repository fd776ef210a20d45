import type {ByteString} from './byte-string.ts';

/**
 * A listing too long for one message, gathered with DIRECTORY_PART: each reply is a generation, then whole names; an
 * empty name ends the last. When the generation changed in between, the listing starts again.
 * @see docs/misc/xenstore.txt, DIRECTORY_PART
 */
export class DirectoryParts {
  private generation: string | undefined;
  private listing = '';

  /** Byte offset to ask for next. */
  get offset(): number {
    return this.listing.length;
  }

  get names(): string[] {
    return this.listing.split('\0').slice(0, -1);
  }

  /** Takes the reply to a request at `offset`. */
  add(payload: ByteString): 'more' | 'complete' | 'changed' {
    const end = payload.indexOf('\0');
    const generation = payload.slice(0, end);
    if (this.generation !== undefined && generation !== this.generation) {
      this.generation = undefined;
      this.listing = '';
      return 'changed';
    }
    this.generation = generation;
    const part = payload.slice(end + 1);
    const last = part === '\0' || part.endsWith('\0\0');
    this.listing += last ? part.slice(0, -1) : part;
    return last ? 'complete' : 'more';
  }
}

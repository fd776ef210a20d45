import type {GrowingFile} from '../../../storage/index.ts';
import {MAX_OBJECTS, ObjectIndex} from './object-index.ts';
import {parseTapWord, WORD_BYTES} from './tap-format.ts';

/** What a scan of a tape found. */
export interface ScannedTape {
  readonly index: ObjectIndex;
  /** Where the next object belongs: at the end of the file, or at its mark of the end. */
  readonly endBytes: number;
}

/** Words of a file that lie close together cost one read. */
const WINDOW_BYTES = 4096;

class WordReader {
  private readonly file: GrowingFile;
  private window: DataView = new DataView(new ArrayBuffer(0));
  private start = 0;

  constructor(file: GrowingFile) {
    this.file = file;
  }

  async read(position: number): Promise<number> {
    const at = position - this.start;
    if (at < 0 || at + WORD_BYTES > this.window.byteLength) {
      const bytes = await this.file.read(position, WINDOW_BYTES);
      this.window = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.start = position;
    }
    return this.window.getUint32(position - this.start, true);
  }
}

const hexWord = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;

/** Looks at every object of a tape. Returns what is where, or what is wrong and where. Reads only. */
export const scanTape = async (file: GrowingFile): Promise<ScannedTape | string> => {
  const words = new WordReader(file);
  const index = new ObjectIndex();
  let at = 0;
  while (at < file.sizeBytes) {
    if (at + WORD_BYTES > file.sizeBytes) return `the word at byte ${at} is cut off`;
    const word = await words.read(at);
    const object = parseTapWord(word);
    if (object.kind === 'end') break;
    if (object.kind === 'reserved') return `the word at byte ${at}, ${hexWord(word)}, has no meaning`;
    const end = at + object.bytes;
    if (end > file.sizeBytes) return `the record at byte ${at} ends at byte ${end}, beyond the file`;
    if (object.bytes > WORD_BYTES && (await words.read(end - WORD_BYTES)) !== word) {
      return `the record at byte ${at} has another length, or none, at byte ${end - WORD_BYTES}`;
    }
    if (index.count >= MAX_OBJECTS) return `more than ${MAX_OBJECTS} records and tape marks`;
    if (object.kind === 'filemark') index.push(at, 0);
    if (object.kind === 'record') index.push(at, object.dataBytes, object.bad);
    at = end;
  }
  return {index, endBytes: at};
};

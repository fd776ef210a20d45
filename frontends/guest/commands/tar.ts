import {strerror} from '../errors.ts';
import {type GuestFile, openFile} from '../files.ts';
import {type ArchiveEntry, BLOCK_BYTES, encodeHeader, parseHeader, unfit} from '../ustar.ts';
import {ArchiveReader, ArchiveWriter} from './archive-stream.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {numberOption, parseOptions} from './options.ts';

const CHUNK_BYTES = 1 << 16;
/** Of a record, as tar has it since there are tapes. */
const DEFAULT_BLOCKS = 20;
const MAX_BLOCKS = 8192;

interface Job {
  readonly ctx: CommandContext;
  /** What it is done with, and how that is called. */
  readonly file: GuestFile;
  readonly path: string;
  readonly recordBytes: number;
  readonly verbose: boolean;
  readonly names: readonly string[];
}

/** How a file is called in an archive. */
const nameOf = (path: string): string => path.replace(/^\/+/, '');

const padded = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

const create = async ({ctx, file, recordBytes, verbose, names}: Job): Promise<void> => {
  if (names.length === 0) throw new CommandError('Cowardly refusing to create an empty archive');
  const archive = new ArchiveWriter(ctx, file, recordBytes);
  for (const each of names) {
    const source = await attempt(each, openFile(ctx.machine, each));
    const name = nameOf(each);
    const {sizeBytes} = source;
    const reason = sizeBytes === undefined ? 'it has no end' : unfit(name, sizeBytes);
    if (sizeBytes === undefined || reason !== undefined) throw new CommandError(`${each}: ${reason}`);
    await archive.put(encodeHeader(name, sizeBytes));
    for (let offset = 0; offset < sizeBytes;) {
      const wanted = Math.min(CHUNK_BYTES, sizeBytes - offset);
      const bytes = await attempt(each, ctx.wait(source.read(offset, wanted)));
      if (bytes.length === 0) throw new CommandError(`${each}: it ends after ${offset} bytes`);
      await archive.put(bytes);
      offset += bytes.length;
    }
    await archive.pad();
    await attempt(each, source.close());
    if (verbose) ctx.print(`${name}\n`);
  }
  await archive.end();
};

/** The data of an entry, without what fills its last block. */
async function* dataOf(archive: ArchiveReader, {sizeBytes}: ArchiveEntry): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < padded(sizeBytes);) {
    const bytes = await archive.take(padded(sizeBytes) - at);
    if (bytes.length === 0) throw new CommandError('Unexpected EOF in archive');
    yield bytes.subarray(0, Math.max(0, sizeBytes - at));
    at += bytes.length;
  }
}

/** Goes through the entries of an archive that are asked for; data that are not taken are passed over. */
const walk = async (
  {ctx, file, path, recordBytes, names}: Job,
  visit: (entry: ArchiveEntry, data: AsyncIterable<Uint8Array>) => void | Promise<void>,
): Promise<void> => {
  const archive = new ArchiveReader(ctx, file, recordBytes);
  const wanted = new Set(names.map(nameOf));
  for (;;) {
    const header = await archive.take(BLOCK_BYTES);
    if (header.length < BLOCK_BYTES) throw new CommandError('Unexpected EOF in archive');
    const entry = parseHeader(header);
    if (typeof entry === 'string') throw new CommandError(`${path}: ${entry}`);
    if (entry === undefined) return archive.end();
    const data = dataOf(archive, entry);
    if (wanted.size === 0 || wanted.has(entry.name)) await visit(entry, data);
    while (!(await data.next()).done);
  }
};

const list = (job: Job): Promise<void> =>
  walk(job, ({name, sizeBytes, mtimeSeconds}) => {
    const date = new Date(mtimeSeconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
    job.ctx.print(job.verbose ? `${String(sizeBytes).padStart(12)} ${date} ${name}\n` : `${name}\n`);
  });

const extract = (job: Job): Promise<void> => {
  const {ctx, verbose} = job;
  return walk(job, async ({name, isFile}, data) => {
    if (!isFile) return;
    const target = `/${name}`;
    const file = await attempt(target, openFile(ctx.machine, target));
    let offset = 0;
    for await (const bytes of data) {
      if (bytes.length === 0) continue;
      const written = await attempt(target, ctx.wait(file.write(offset, bytes)));
      if (written < bytes.length) throw new CommandError(`${target}: ${strerror('ENOSPC')}`);
      offset += written;
    }
    await attempt(target, ctx.wait(file.sync()));
    await attempt(target, file.close());
    if (verbose) ctx.print(`${name}\n`);
  });
};

const operations: ReadonlyMap<string, (job: Job) => Promise<void>> = new Map([
  ['c', create],
  ['t', list],
  ['x', extract],
]);

export const tarCommand: Command = {
  name: 'tar',
  usage: '-c|-t|-x [-v] -f ARCHIVE [-b BLOCKS] [FILE...]',
  help: 'archives what is on devices, on a tape mostly',
  details: [
    '  -c  writes the contents of FILEs, of a disk all of it; -t lists them; -x puts them back to where they were',
    '  -b  512 byte blocks of a record, 20 by default; a tape is read with at least as many as it was written with',
  ],
  run: async (ctx, args) => {
    const [first = '', ...others] = args;
    // The old way, without a dash.
    const options = parseOptions([/^[ctx]/.test(first) ? `-${first}` : first, ...others], 'ctxvf:b:');
    const chosen = Array.from(operations).filter(([letter]) => options.flags.has(letter));
    const path = options.values.get('f');
    if (chosen.length !== 1) throw new CommandError('one of -c, -t and -x is needed');
    if (path === undefined) throw new CommandError('-f ARCHIVE is needed');
    const blocks = numberOption(options, 'b', {from: 1, to: MAX_BLOCKS, fallback: DEFAULT_BLOCKS});
    const file = await attempt(path, openFile(ctx.machine, path));
    const [[, operate]] = chosen;
    const {operands: names} = options;
    const recordBytes = Math.floor(blocks) * BLOCK_BYTES;
    // What fails without a name of its own is the archive.
    await attempt(path, operate({ctx, file, path, recordBytes, verbose: options.flags.has('v'), names}));
    await attempt(path, file.close());
    return 0;
  },
};

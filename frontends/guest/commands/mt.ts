import {Tape} from '../scsi/tape.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {parseOptions} from './options.ts';

const MAX_COUNT = 0x7f_ffff;

type Operation = (tape: Tape, count: number, ctx: CommandContext) => Promise<void>;

const status: Operation = async (tape, _count, ctx) => {
  const {isReady, isProtected, density, blockBytes, position, isAtStart} = await tape.status();
  const bits = [isAtStart && 'BOT', isProtected && 'WR_PROT', isReady ? 'ONLINE' : 'DR_OPEN'].filter(Boolean);
  ctx.printLines([
    'SCSI tape drive:',
    `Block number=${position ?? -1}.`,
    `Tape block size ${blockBytes} bytes. Density code 0x${density.toString(16)}.`,
    `General status bits on: ${bits.join(' ')}`,
  ]);
};

/** By name, as mt-st has them. */
const operations: ReadonlyMap<string, Operation> = new Map([
  ['status', status],
  ['rewind', (tape) => tape.rewind()],
  ['fsf', (tape, count) => tape.space('filemarks', count)],
  ['bsf', (tape, count) => tape.space('filemarks', -count)],
  ['fsr', (tape, count) => tape.space('blocks', count)],
  ['bsr', (tape, count) => tape.space('blocks', -count)],
  ['eod', (tape) => tape.space('end', 0)],
  ['eom', (tape) => tape.space('end', 0)],
  ['weof', (tape, count) => tape.writeFilemarks(count)],
  ['eof', (tape, count) => tape.writeFilemarks(count)],
  ['erase', (tape) => tape.erase()],
  ['load', (tape) => tape.load()],
  ['eject', (tape) => tape.unload()],
  ['offline', (tape) => tape.unload()],
  ['rewoffl', (tape) => tape.unload()],
  ['setblk', (tape, count) => tape.setBlockBytes(count)],
  ['seek', (tape, count) => tape.locate(count)],
  ['tell', async (tape, _count, ctx) => ctx.print(`At block ${(await tape.tell()).position}.\n`)],
]);

const needsCount: ReadonlySet<string> = new Set(['setblk', 'seek']);

export const mtCommand: Command = {
  name: 'mt',
  usage: '[-f DEVICE] OPERATION [COUNT]',
  help: 'positions a tape, tells where it is, and more',
  details: [`  DEVICE     /dev/nst0 by default`, `  OPERATION  ${[...operations.keys()].join(' ')}`],
  run: async (ctx, args) => {
    const {values, operands} = parseOptions(args, 'f:');
    const device = values.get('f') ?? '/dev/nst0';
    const [name, text] = operands;
    const operation = operations.get(name ?? '');
    if (operation === undefined) throw new CommandError(`unknown command "${name ?? ''}"`, 2);
    if (text === undefined && needsCount.has(name)) throw new CommandError(`${name}: a number is needed`, 2);
    const count = Number(text ?? '1');
    if (!/^\d+$/.test(text ?? '1') || count > MAX_COUNT) throw new CommandError(`invalid count: ${text}`, 2);
    const found = ctx.machine.scsi.find(/^\/dev\/n?(st\d+)$/.exec(device)?.[1] ?? '');
    if (found === undefined) throw new CommandError(`${device}: No such file or directory`, 2);
    await attempt(`${device}: ${name}`, ctx.wait(operation(new Tape(found.unit), count, ctx)));
    return 0;
  },
};

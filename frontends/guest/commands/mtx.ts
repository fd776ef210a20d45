import {Changer, type Element, type ElementKind} from '../scsi/changer.ts';
import {CHANGER} from '../scsi/inquiry.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {parseOptions} from './options.ts';

/** Slots, and ports behind them, have numbers from 1 on, drives from 0 on: as mtx has them. */
class Inventory {
  private readonly elements: readonly Element[];

  constructor(elements: readonly Element[]) {
    this.elements = elements;
  }

  of(...kinds: ElementKind[]): readonly Element[] {
    return kinds.flatMap((kind) => this.elements.filter((each) => each.kind === kind));
  }

  get transport(): number {
    return this.of('transport')[0]?.address ?? 0;
  }

  slot(text: string | undefined): Element {
    return pick(this.of('slot', 'port'), text, 1, 'slot');
  }

  drive(text: string | undefined): Element {
    return pick(this.of('drive'), text ?? '0', 0, 'drive');
  }

  lines(): string[] {
    const slots = this.of('slot', 'port');
    const drives = this.of('drive');
    const numberOf = (address: number | undefined): string =>
      String(slots.findIndex((each) => each.address === address) + 1 || 'unknown');
    const tag = ({volumeTag}: Element, equals: string): string =>
      volumeTag === '' ? '' : `:VolumeTag${equals}${volumeTag}`;
    return [
      `  Storage Changer:${drives.length} Drives, ${slots.length} Slots ( ${this.of('port').length} Import/Export )`,
      ...drives.map((drive, i) => {
        const full = `Full (Storage Element ${numberOf(drive.source)} Loaded)${tag(drive, ' = ')}`;
        return `Data Transfer Element ${i}:${drive.isFull ? full : 'Empty'}`;
      }),
      ...slots.map((slot, i) => {
        const port = slot.kind === 'port' ? ' IMPORT/EXPORT' : '';
        return `      Storage Element ${i + 1}${port}:${slot.isFull ? `Full ${tag(slot, '=')}` : 'Empty'}`;
      }),
    ];
  }
}

const pick = (elements: readonly Element[], text: string | undefined, first: number, what: string): Element => {
  const element = /^\d{1,5}$/.test(text ?? '') ? elements[Number(text) - first] : undefined;
  if (element === undefined) throw new CommandError(`there is no ${what} ${text ?? ''}`);
  return element;
};

type Operation = (
  changer: Changer,
  inventory: Inventory,
  args: readonly string[],
  ctx: CommandContext,
) => Promise<void>;

/** An empty drive gives back to where its medium came from, or to the first slot that has room. */
const unload: Operation = async (changer, inventory, [slotText, driveText]) => {
  const drive = inventory.drive(driveText);
  const home = inventory.of('slot', 'port').find(({address, isFull}) => address === drive.source && !isFull);
  const empty = home ?? inventory.of('slot').find(({isFull}) => !isFull);
  const slot = slotText === undefined ? empty : inventory.slot(slotText);
  if (slot === undefined) throw new CommandError('there is no empty slot');
  await changer.move(inventory.transport, drive.address, slot.address);
};

const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['status', (_changer, inventory, _args, ctx) => Promise.resolve(ctx.printLines(inventory.lines()))],
  ['inventory', (changer) => changer.initialize()],
  [
    'load',
    (changer, inventory, [slot, drive]) =>
      changer.move(inventory.transport, inventory.slot(slot).address, inventory.drive(drive).address),
  ],
  ['unload', unload],
  [
    'transfer',
    (changer, inventory, [from, to]) =>
      changer.move(inventory.transport, inventory.slot(from).address, inventory.slot(to).address),
  ],
  [
    'exchange',
    (changer, inventory, [first, second, third]) =>
      changer.exchange(
        inventory.transport,
        inventory.slot(first).address,
        inventory.slot(second).address,
        inventory.slot(third ?? first).address,
      ),
  ],
]);

export const mtxCommand: Command = {
  name: 'mtx',
  usage:
    '[-f DEVICE] status | inventory | load SLOT [DRIVE] | unload [SLOT] [DRIVE] | transfer FROM TO | exchange A B [C]',
  help: 'moves media in a changer',
  details: ['  DEVICE  the generic device of a changer, /dev/sgN, or /dev/schN; the first one by default'],
  run: async (ctx, args) => {
    const {values, operands} = parseOptions(args, 'f:');
    const [name, ...rest] = operands;
    const operation = operations.get(name ?? '');
    if (operation === undefined) throw new CommandError(`unknown command "${name ?? ''}"`);
    const changer = find(ctx, values.get('f'));
    const action = name;
    const inventory = new Inventory(await attempt(action, ctx.wait(changer.elements())));
    await attempt(action, ctx.wait(operation(changer, inventory, rest, ctx)));
    return 0;
  },
};

const find = ({machine: {scsi}}: CommandContext, path: string | undefined): Changer => {
  const device =
    path === undefined
      ? scsi.list.find(({inquiry}) => inquiry.deviceType === CHANGER)
      : scsi.find(path.replace(/^\/dev\//, ''));
  if (device?.inquiry.deviceType !== CHANGER) throw new CommandError(`${path ?? 'changer'}: No such device`);
  return new Changer(device.unit);
};

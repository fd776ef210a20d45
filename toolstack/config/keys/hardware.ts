import {strtoul} from '../c-numbers.ts';
import type {StringItem} from '../setting-reader.ts';
import type {JsonValue} from '../yajl.ts';
import {mode, store, type Context, type Step} from './step.ts';

const ALTP2M_MODES = ['disabled', 'mixed', 'external', 'limited'];
const U32_MAX = 2n ** 32n - 1n;

const vmtrace: Step = ({reader, draft}) => {
  const kib = reader.number('vmtrace_buf_kb', {quiet: true});
  if (kib) store(draft, 'buildInfo.vmtrace_buf_kb', kib);
};

type ItemReader = (text: string, context: Context, item: StringItem) => JsonValue;

/** A list whose every item must be a well-formed string. */
const resourceList =
  (key: 'ioports' | 'irqs' | 'iomem', what: string, read: ItemReader): Step =>
  (context) => {
    const {reader, draft} = context;
    const items = reader.list(key);
    if (items === undefined) return;
    draft.libxl.buildInfo[key] = items.map((item, index) => {
      if (item.kind === 'list') throw reader.failAt(item, [`xl: Unable to get element ${index} in ${what} list`]);
      return read(item.text, context, item);
    });
  };

const badItem = ({reader}: Context, item: StringItem, what: string): Error =>
  reader.failAt(item, [`xl: Invalid argument parsing ${what}: ${item.text}`]);

const ioportRange: ItemReader = (text, context, item) => {
  const first = strtoul(text, 16);
  const rest = text.slice(first.length);
  if (first.length === 0) throw badItem(context, item, 'ioport');
  const last = rest.startsWith('-') ? strtoul(rest.slice(1), 16) : first;
  if (rest.startsWith('-') && (last.length === 0 || last.length !== rest.length - 1)) {
    throw badItem(context, item, 'ioport');
  }
  for (const {value} of [first, last]) {
    if (value >= U32_MAX) throw context.reader.failAt(item, [`xl: ioport ${value.toString(16)} too big`]);
  }
  if (rest !== '' && !rest.startsWith('-')) context.reader.warn(`xl: Invalid argument parsing ioport: ${text}`);
  return {first: Number(first.value), number: Number(BigInt.asUintN(32, last.value - first.value + 1n))};
};

const irq: ItemReader = (text, context, item) => {
  const {value, length} = strtoul(text, 10);
  if (length === 0 || length !== text.length) throw badItem(context, item, 'irq');
  if (value >= U32_MAX) throw context.reader.failAt(item, [`xl: irq ${value.toString(16)} too big`]);
  return Number(value);
};

const IOMEM =
  /^\s*(?:0[xX])?([0-9a-fA-F]{1,16}),\s*(?:0[xX])?([0-9a-fA-F]{1,16})(?:@\s*(?:0[xX])?([0-9a-fA-F]{1,16}))?$/;

/** `start,count[@guest frame]`, all hexadecimal page numbers. */
const iomemRange: ItemReader = (text, context, item) => {
  const match = IOMEM.exec(text);
  if (match === null) throw badItem(context, item, 'iomem');
  const [start, number, gfn] = match.slice(1).map((digits) => digits && Number.parseInt(digits, 16));
  return {start: start || undefined, number: number || undefined, gfn};
};

export const HARDWARE_STEPS: readonly Step[] = [
  mode('altp2m', ALTP2M_MODES, 'buildInfo.altp2m', {numbersAreFine: true, unset: 'disabled'}),
  vmtrace,
  resourceList('ioports', 'ioport', ioportRange),
  resourceList('irqs', 'irq', irq),
  resourceList('iomem', 'iomem', iomemRange),
];

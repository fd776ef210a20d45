import {formatColumns} from '../format.ts';
import {CDROM, CHANGER, DISK, TAPE} from '../scsi/inquiry.ts';
import type {Command} from './command.ts';
import {parseOptions} from './options.ts';

/** As lsscsi calls them. */
const kinds: ReadonlyMap<number, string> = new Map([
  [DISK, 'disk'],
  [TAPE, 'tape'],
  [CDROM, 'cd/dvd'],
  [CHANGER, 'mediumx'],
]);

export const lsscsiCommand: Command = {
  name: 'lsscsi',
  usage: '[-g]',
  help: 'lists the SCSI units',
  details: ['  -g  their generic devices, too'],
  run: (ctx, args) => {
    const {flags} = parseOptions(args, 'g');
    const rows = ctx.machine.scsi.list.map(({unit, inquiry, name, generic}) => [
      `[${String(unit)}]`,
      kinds.get(inquiry.deviceType) ?? `type ${inquiry.deviceType}`,
      inquiry.vendor.padEnd(8),
      inquiry.product.padEnd(16),
      inquiry.revision.padEnd(4),
      name === undefined ? '-' : `/dev/${name}`,
      ...(flags.has('g') ? [`/dev/${generic}`] : []),
    ]);
    ctx.printLines(
      formatColumns(
        rows,
        (rows[0] ?? []).map(() => 'left' as const),
      ),
    );
    return 0;
  },
};

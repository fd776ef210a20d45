import {readCapacity16} from '../scsi/cdb.ts';
import {request} from '../scsi/request.ts';
import {attempt} from './attempt.ts';
import type {Command} from './command.ts';
import {parseOptions} from './options.ts';
import {findScsiUnit} from './scsi-unit.ts';

const BYTES = 32;

export const sgReadcapCommand: Command = {
  name: 'sg_readcap',
  usage: 'DEVICE',
  help: 'asks a SCSI disk how large it is',
  run: async (ctx, args) => {
    const {operands} = parseOptions(args, '');
    const {unit} = findScsiUnit(ctx, operands[0]);
    const asked = request(unit, readCapacity16(BYTES), {dataInBytes: BYTES});
    const {data} = await attempt(operands[0], ctx.wait(asked));
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const last = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
    const blockBytes = view.getUint32(8);
    const bytes = (last + 1) * blockBytes;
    ctx.printLines([
      'Read Capacity results:',
      `   Logical block provisioning: lbpme=${data[14] >>> 7}, lbprz=${(data[14] >>> 6) & 1}`,
      `   Last LBA=${last} (0x${last.toString(16)}), Number of logical blocks=${last + 1}`,
      `   Logical block length=${blockBytes} bytes`,
      `Hence:\n   Device size: ${bytes} bytes, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${(bytes / 1e9).toFixed(2)} GB`,
    ]);
    return 0;
  },
};

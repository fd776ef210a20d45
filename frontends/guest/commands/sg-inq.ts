import {requestInquiry} from '../scsi/cdb.ts';
import {inquire} from '../scsi/inquiry.ts';
import {request} from '../scsi/request.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import {HexdumpLines} from './hexdump-lines.ts';
import {parseOptions} from './options.ts';
import {findScsiUnit} from './scsi-unit.ts';

const PAGE_BYTES = 252;

export const sgInqCommand: Command = {
  name: 'sg_inq',
  usage: '[-p PAGE] DEVICE',
  help: 'asks a SCSI unit what it is',
  details: ['  -p  a page of vital product data, in hexadecimal: 00, 80, 83, b0, ...'],
  run: async (ctx, args) => {
    const {values, operands} = parseOptions(args, 'p:');
    const {unit} = findScsiUnit(ctx, operands[0]);
    const text = values.get('p');
    if (text === undefined) {
      const {deviceType, removable, version, vendor, product, revision} = await attempt(
        operands[0],
        ctx.wait(inquire(unit)),
      );
      ctx.printLines([
        'standard INQUIRY:',
        `  PDT=${deviceType}  RMB=${Number(removable)}  version=0x${version.toString(16).padStart(2, '0')}`,
        ` Vendor identification: ${vendor}`,
        ` Product identification: ${product}`,
        ` Product revision level: ${revision}`,
      ]);
      return 0;
    }
    if (!/^(0x)?[0-9a-f]{1,2}$/i.test(text)) throw new CommandError(`bad page: ${text}`);
    const asked = request(unit, requestInquiry(PAGE_BYTES, Number.parseInt(text, 16)), {dataInBytes: PAGE_BYTES});
    const {data} = await attempt(operands[0], ctx.wait(asked));
    const lines = new HexdumpLines({offset: 0, canonical: true, squeeze: false});
    ctx.printLines([...lines.push(data), ...lines.end()]);
    return 0;
  },
};

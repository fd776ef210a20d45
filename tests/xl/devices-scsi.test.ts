import test from 'ava';
import {XlHost} from '../support/xl.ts';

test('what xl says of a SCSI unit that cannot be', async (t) => {
  const host = XlHost.at(t);
  const config = 'name = "bad"\nkernel = "builtin"\nmemory = 16\nvscsi = ["tape:x.tap, 0:0:0"]\n';
  host.write('bad.cfg', config);
  const refused = await host.xl('create', '-q', 'bad.cfg');
  t.is(refused.status, 3);
  t.is(refused.stderr, 'libxl: error: vscsi "tape:x.tap, 0:0:0": vdev "0:0:0" has to be host:channel:target:lun\n');
  await host.create('good');
  const attach = await host.xl('scsi-attach', 'good', 'bogus', '0:0:0:0');
  t.is(attach.status, 1);
  t.regex(attach.stderr, /^libxl: error: vscsi "bogus, 0:0:0:0": pdev has to be one of disk, cdrom, tape, changer/);
  const missing = await host.xl('scsi-detach', 'good', '0:0:0:0');
  t.is(missing.stderr, 'Error: Device 0:0:0:0 not connected.\n');
});

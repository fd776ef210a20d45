import {createServer, type Socket} from 'node:net';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {EmulatedRig} from '../support/emulated-rig.ts';
import {missingQtest, otherQemu, Qtest} from '../support/qtest.ts';
import {testWith} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {compare} from './qemu-devices/compare.ts';
import {type Difference, differences} from './qemu-devices/differences.ts';
import {driveE1000, plugE1000} from './qemu-devices/e1000.ts';
import {cdContents, diskContents, driveIde, plugIde} from './qemu-devices/ide.ts';
import {driveLsi, LSI_DISK_BYTES, LSI_SLOT, LSI_TARGET, plugLsi} from './qemu-devices/lsi53c895a.ts';
import {qemuNic} from './qemu-devices/nic.ts';
import {noPeer, ourPc, type Pc, type Peer, qemuPc} from './qemu-devices/pc.ts';
import {drivePs2, plugPs2} from './qemu-devices/ps2.ts';
import {driveRtl8139, plugRtl8139} from './qemu-devices/rtl8139.ts';
import {Session} from './qemu-devices/session.ts';
import {driveUart, plugUart} from './qemu-devices/uart.ts';

interface Device {
  readonly name: string;
  /** QEMU's options; what the device sends goes to a socket of that path. */
  readonly qemu: (directory: string) => readonly string[];
  readonly peer: 'none' | 'bytes' | 'frames';
  readonly plug: (rig: EmulatedRig) => Peer;
  readonly drive: (session: Session) => Promise<void>;
}

const socket = (directory: string): string => join(directory, 'peer');

const devices: readonly Device[] = [
  {
    name: '16550A',
    qemu: (directory) => [
      '-chardev',
      `socket,id=line,path=${socket(directory)},server=off`,
      '-device',
      'isa-serial,chardev=line',
    ],
    peer: 'bytes',
    plug: plugUart,
    drive: driveUart,
  },
  {
    name: 'IDE',
    qemu: (directory) => {
      writeFileSync(join(directory, 'disk'), diskContents());
      writeFileSync(join(directory, 'cd'), cdContents());
      return [
        '-drive',
        `if=none,id=disk,format=raw,discard=unmap,file=${join(directory, 'disk')}`,
        '-device',
        'ide-hd,drive=disk,bus=ide.0,unit=0,serial=SN1,model=PVSIM HARDDISK,ver=1.0',
        '-drive',
        `if=none,id=cd,format=raw,media=cdrom,file=${join(directory, 'cd')}`,
        '-device',
        'ide-cd,drive=cd,bus=ide.1,unit=0,serial=CD1,model=PVSIM DVD-ROM,ver=1.0',
      ];
    },
    peer: 'none',
    plug: plugIde,
    drive: driveIde,
  },
  {
    name: 'RTL8139',
    qemu: (directory) => qemuNic('rtl8139', socket(directory)),
    peer: 'frames',
    plug: plugRtl8139,
    drive: driveRtl8139,
  },
  {
    name: 'e1000',
    qemu: (directory) => qemuNic('e1000,mitigation=off', socket(directory)),
    peer: 'frames',
    plug: plugE1000,
    drive: driveE1000,
  },
  {
    name: 'LSI 53C895A',
    qemu: (directory) => {
      writeFileSync(join(directory, 'disk'), Buffer.alloc(LSI_DISK_BYTES));
      return [
        '-drive',
        `if=none,id=disk,format=raw,file=${join(directory, 'disk')}`,
        '-device',
        `lsi53c895a,id=scsi,addr=${LSI_SLOT}`,
        '-device',
        `scsi-hd,drive=disk,bus=scsi.0,scsi-id=${LSI_TARGET},lun=0,vendor=PVSIM,product=DISK,ver=1.0`,
      ];
    },
    peer: 'none',
    plug: plugLsi,
    drive: driveLsi,
  },
  {name: 'i8042', qemu: () => [], peer: 'none', plug: plugPs2, drive: drivePs2},
];

const see = async ({drive}: Device, pc: Pc): Promise<Session['seen']> => {
  const session = new Session(pc);
  await drive(session);
  return session.seen;
};

const LENGTH_BYTES = 4;

/** The other end of QEMU's socket, where frames have their length before them. */
const peerOf = async (t: ExecutionContext, {peer}: Device, path: string, start: () => Qtest) => {
  if (peer === 'none') return {qtest: start(), peer: noPeer};
  const server = createServer().listen(path);
  t.teardown(() => server.close());
  await once(server, 'listening');
  const qtest = start();
  const [stream] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => stream.destroy());
  const sent: Uint8Array[] = [];
  let pending = Buffer.alloc(0);
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => {
    if (peer === 'bytes') return void sent.push(chunk);
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= LENGTH_BYTES && pending.length >= LENGTH_BYTES + pending.readUInt32BE(0)) {
      const end = LENGTH_BYTES + pending.readUInt32BE(0);
      sent.push(pending.subarray(LENGTH_BYTES, end));
      pending = pending.subarray(end);
    }
  });
  const deliver = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    stream.write(peer === 'bytes' ? bytes : Buffer.concat([length, bytes]));
  };
  return {qtest, peer: {sent, deliver}};
};

const other = otherQemu();

for (const device of devices) {
  const title = `${device.name} against QEMU's`;
  const compareBoth = async (t: ExecutionContext): Promise<void> => {
    t.timeout(240_000);
    const directory = temporaryDirectory(t);
    const {qtest, peer} = await peerOf(t, device, socket(directory), () => {
      const started = new Qtest(directory, ['-machine', 'pc,acpi=off,hpet=off', ...device.qemu(directory)]);
      t.teardown(() => started.close());
      return started;
    });
    const theirs = await see(device, qemuPc(qtest, peer));
    const ours = await see(device, ourPc(device.plug));
    const used = new Set<Difference>();
    t.deepEqual(compare(device.name, theirs, ours, differences, used), []);
    const idle = differences.filter((each) => each.device === device.name && !used.has(each));
    t.deepEqual(idle, [], 'differences that are none any more');
    t.true(theirs.length > 100);
  };
  if (other === undefined) testWith(missingQtest, title, compareBoth);
  else test.skip(`${title} (${other})`, compareBoth);
}

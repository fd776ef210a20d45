import test from 'ava';
import {RamImage} from '../../../backends/storage/index.ts';
import {scanPci} from '../../../frontends/emulated/pci.ts';
import {IdeRig} from '../../support/ide-rig.ts';

const disk = () => ({kind: 'disk' as const, storage: new RamImage(1 << 20)});
const cdrom = () => ({kind: 'cdrom' as const, storage: new RamImage(1 << 20)});

test('the chipset is that of an ordinary PC', (t) => {
  const rig = new IdeRig([disk()]);
  t.deepEqual(scanPci(rig.io).map(String), ['00:00.0 8086:1237', '00:01.0 8086:7000', '00:01.1 8086:7010']);
  t.is(rig.pci.classCode, 0x010180);
  t.is(rig.pci.bar(4), 0xc000);
  t.is(scanPci(rig.io)[1].readConfig(0x60, 4), 0x050b0a05);
});

test('ports are there while IDETIM decodes them and the command register lets I/O be', (t) => {
  const rig = new IdeRig([disk(), undefined, disk()]);
  t.is(rig.status, 0x50);
  rig.pci.writeConfig(0x40, 2, 0x0000);
  t.is(rig.status, 0xff);
  t.is(rig.io.readPort(0x177, 1), 0x50);
  rig.pci.writeConfig(0x40, 2, 0x8000);
  t.is(rig.altStatus, 0x50);
  rig.pci.writeConfig(0x04, 2, 0);
  t.is(rig.status, 0xff);
});

test('ports over each other belong to who came first, and nobody else falls', (t) => {
  const rig = new IdeRig([disk()]);
  rig.pci.writeConfig(0x40, 2, 0);
  rig.pci.writeConfig(0x20, 4, 0x1f0);
  rig.pci.writeConfig(0x40, 2, 0x8000);
  t.is(rig.altStatus, 0xff);
  t.is(rig.io.readPort(0x1f4, 4), 0, 'the first bus master');
  rig.pci.writeConfig(0x40, 2, 0);
  rig.pci.writeConfig(0x20, 4, 0xc000);
  rig.pci.writeConfig(0x40, 2, 0x8000);
  t.is(rig.altStatus, 0x50);
});

test('after power on drives show their signatures, disks are ready and CD drives are not', (t) => {
  const rig = new IdeRig([disk(), cdrom()]);
  const registers = () => [1, 2, 3, 4, 5, 7].map((register) => rig.read(register));
  t.deepEqual(registers(), [1, 1, 1, 0x00, 0x00, 0x50]);
  rig.write(6, 0x10);
  t.deepEqual(registers(), [1, 1, 1, 0x14, 0xeb, 0x00]);
});

test('device 0 answers for a device 1 that is not there, but for Status', (t) => {
  const rig = new IdeRig([disk()]);
  rig.write(6, 0x10);
  rig.write(2, 0x55);
  t.is(rig.read(2), 0x55);
  t.is(rig.read(6), 0x10);
  t.is(rig.status, 0);
  rig.write(7, 0xec);
  t.is(rig.status, 0);
});

test('where there is no drive nothing is kept', (t) => {
  const rig = new IdeRig([disk()]);
  rig.useChannel(1);
  rig.write(2, 0x55);
  t.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((register) => rig.read(register)),
    [0, 0, 0, 0, 0, 0, 0],
  );
  t.is(rig.altStatus, 0);
  t.is(rig.io.readPort(rig.port, 2), 0);
});

test('registers are two bytes deep; HOB shows the byte before until something is written', (t) => {
  const rig = new IdeRig([disk()]);
  rig.write(3, 0x11);
  rig.write(3, 0x22);
  t.is(rig.read(3), 0x22);
  rig.writeControl(0x80);
  t.is(rig.read(3), 0x11);
  rig.write(4, 0);
  t.is(rig.read(3), 0x22);
});

test('reading Status takes the interrupt back, Alternate Status does not', async (t) => {
  const rig = new IdeRig([disk()]);
  rig.command(0xe7);
  await rig.settle();
  t.deepEqual(rig.interrupts, [1, 0]);
  t.is(rig.altStatus, 0x50);
  rig.write(6, 0x50);
  rig.write(6, 0x40);
  await rig.settle();
  t.is(rig.interrupts[0], 2, 'it is still pending');
  t.is(rig.status, 0x50);
  rig.write(6, 0x50);
  rig.write(6, 0x40);
  await rig.settle();
  t.is(rig.interrupts[0], 2);
});

test('nIEN holds interrupts back', async (t) => {
  const rig = new IdeRig([disk()]);
  rig.writeControl(0x02);
  rig.command(0xe7);
  await rig.settle();
  t.is(rig.interrupts[0], 0);
  t.is(rig.busMasterStatus & 4, 0);
  rig.writeControl(0x00);
  await rig.settle();
  t.is(rig.interrupts[0], 1);
  t.is(rig.busMasterStatus & 4, 4);
});

test('an interrupt of the drive that is not selected waits until it is', async (t) => {
  const rig = new IdeRig([disk(), disk()]);
  rig.command(0xe7);
  rig.write(6, 0x10);
  await rig.settle();
  t.is(rig.interrupts[0], 1);
  rig.write(6, 0x00);
  await rig.settle();
  t.is(rig.interrupts[0], 2);
});

test('a software reset resets both drives and selects device 0', (t) => {
  const rig = new IdeRig([disk(), cdrom()]);
  rig.write(6, 0x10);
  rig.write(2, 0x77);
  rig.writeControl(0x04);
  t.is(rig.altStatus, 0x80);
  rig.writeControl(0x00);
  t.is(rig.read(6), 0);
  t.deepEqual([rig.error, rig.read(2), rig.status], [1, 1, 0x50]);
});

test('diagnostics are done by both drives, and device 0 tells the result', async (t) => {
  const rig = new IdeRig([disk(), cdrom()]);
  rig.write(6, 0x10);
  rig.write(7, 0x90);
  await rig.settle();
  t.deepEqual([rig.read(6), rig.error, rig.read(4), rig.interrupts[0]], [0, 1, 0, 1]);
  rig.write(6, 0x10);
  t.deepEqual([rig.error, rig.read(4), rig.read(5)], [1, 0x14, 0xeb]);
});

test('the bus master has its registers, of which status bits are cleared by 1', async (t) => {
  const rig = new IdeRig([disk()]);
  rig.io.writePort(rig.busMaster + 4, 4, 0x12345677);
  t.is(rig.io.readPort(rig.busMaster + 4, 4), 0x12345674);
  t.is(rig.io.readPort(rig.busMaster + 6, 2), 0x1234);
  rig.command(0xe7);
  await rig.settle();
  t.is(rig.busMasterStatus, 0x04);
  rig.io.writePort(rig.busMaster + 2, 1, 0x60);
  t.is(rig.busMasterStatus, 0x64);
  rig.io.writePort(rig.busMaster + 2, 1, 0x64);
  t.is(rig.busMasterStatus, 0x60);
});

test('unknown commands are aborted', (t) => {
  const rig = new IdeRig([disk(), cdrom()]);
  for (const device of [0x40, 0x50]) {
    rig.command(0xff, {device});
    t.is(rig.status, 0x51);
    t.is(rig.error, 0x04);
  }
});

test('a hardware reset leaves it to the firmware to turn the channels on', (t) => {
  const rig = new IdeRig([disk()]);
  rig.write(2, 0x77);
  rig.ide.reset();
  t.is(rig.altStatus, 0xff);
  rig.setUpPci();
  t.deepEqual([rig.altStatus, rig.read(2)], [0x50, 1]);
});

test('the unplug protocol takes disks and leaves CD drives', async (t) => {
  const rig = new IdeRig([disk(), disk(), cdrom(), disk()]);
  const statuses = () =>
    [0x1f0, 0x170].flatMap((port) =>
      [0x00, 0x10].map((device) => {
        rig.io.writePort(port + 6, 1, device);
        return rig.io.readPort(port + 4, 1);
      }),
    );
  await rig.run(() => rig.ide.unplugDisks('aux-ide'));
  t.deepEqual(Object.keys(rig.ide.stats()), ['hda', 'hdc']);
  await rig.run(() => rig.ide.unplugDisks('all'));
  t.deepEqual(Object.keys(rig.ide.stats()), ['hdc']);
  t.deepEqual(statuses(), [0, 0, 0x14, 0x14]);
  await rig.run(() => rig.ide.unplug());
  t.is(rig.io.readPort(0x1f7, 1), 0xff);
  t.deepEqual(scanPci(rig.io).map(String), ['00:00.0 8086:1237', '00:01.0 8086:7000']);
});

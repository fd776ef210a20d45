import test from 'ava';
import {PciFunction} from '../../backends/emulated/pci/index.ts';
import {PCI_COMMAND_MASTER, scanPci} from '../../frontends/emulated/pci.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const identity = {vendorId: 0x8086, deviceId: 0x100e, classCode: 0x020000};

/** Answers with the offset that was read, and keeps what was written. */
const echo = (writes: number[] = []) => ({
  read: (offset: number) => offset,
  write: (_offset: number, _size: number, value: number) => void writes.push(value),
});

test('firmware and driver find a function, place its ranges and reach them', (t) => {
  const rig = new EmulatedRig();
  const writes: number[] = [];
  const bars = [
    {space: 'memory' as const, sizeBytes: 0x20000, device: echo(writes)},
    {space: 'io' as const, sizeBytes: 0x40, device: echo(writes)},
  ];
  const nic = new PciFunction({owner: 'e1000', identity, bars, interruptPin: 1});
  nic.plug(rig.model, 4);
  rig.setUpPci();
  const [pci] = scanPci(rig.io);
  t.is(pci.toString(), '00:04.0 8086:100e');
  t.is(pci.classCode, 0x020000);
  t.is(pci.irq, 5);
  t.is(pci.bar(0), 0xf0000000);
  t.is(pci.bar(1), 0xc000);
  t.is(rig.io.readMemory(0xf0000000 + 0x1234, 4), 0x1234);
  t.is(rig.io.readPort(0xc000 + 8, 4), 8);
  rig.io.writePort(0xc000, 4, 0x99);
  t.deepEqual(writes, [0x99]);
  t.false(nic.isBusMaster);
  pci.enable(PCI_COMMAND_MASTER);
  t.true(nic.isBusMaster);
});

test('ranges go where the registers say, and away with the command register', (t) => {
  const rig = new EmulatedRig();
  const nic = new PciFunction({owner: 'e1000', identity, bars: [{space: 'memory', sizeBytes: 0x1000, device: echo()}]});
  nic.plug(rig.model, 4);
  rig.setUpPci();
  const [pci] = scanPci(rig.io);
  pci.writeConfig(0x10, 4, 0xf8000000);
  t.is(rig.io.readMemory(0xf0000010, 4), 0xffffffff);
  t.is(rig.io.readMemory(0xf8000010, 4), 0x10);
  pci.writeConfig(0x04, 2, 0);
  t.is(rig.io.readMemory(0xf8000010, 4), 0xffffffff);
});

test('what is unplugged is gone, functions, ranges and interrupt', async (t) => {
  const rig = new EmulatedRig();
  const bars = [{space: 'io' as const, sizeBytes: 0x100, device: echo()}];
  const nic = new PciFunction({owner: 'rtl8139', identity, bars, interruptPin: 1});
  nic.plug(rig.model, 4);
  rig.setUpPci();
  nic.setInterrupt(true);
  nic.unplug();
  let interrupts = 0;
  rig.io.setInterruptHandler(5, () => interrupts++);
  await rig.schedule.sleep(1000);
  t.is(interrupts, 0);
  t.deepEqual(scanPci(rig.io), []);
  t.is(rig.io.readPort(0xc000, 1), 0xff);
});

test('two functions of a device, in device models of their own', (t) => {
  const rig = new EmulatedRig();
  const other = rig.createModel();
  new PciFunction({owner: 'isa', identity: {...identity, multiFunction: true}}).plug(rig.model, 1, 0);
  new PciFunction({owner: 'ide', identity: {...identity, deviceId: 0x7010}}).plug(other, 1, 1);
  t.deepEqual(scanPci(rig.io).map(String), ['00:01.0 8086:100e', '00:01.1 8086:7010']);
  t.throws(() => new PciFunction({owner: 'x', identity}).plug(other, 1, 1));
});

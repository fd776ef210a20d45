import test from 'ava';
import {Lsi53c895a} from '../../backends/emulated/lsi53c895a/index.ts';
import {ConsoleDaemon} from '../../backends/console/index.ts';
import {DiskUnit} from '../../backends/scsi/target/index.ts';
import {RamImage} from '../../backends/storage/index.ts';
import {HvcConsole} from '../../frontends/console/index.ts';
import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {LsiHost} from '../../frontends/emulated/lsi53c895a/index.ts';
import {STATE_IORESP_READY} from '../../hypervisor/abi/hvm/ioreq.ts';
import {formatEntry, Ledger} from '../../hypervisor/cost/index.ts';
import {frameOf, createNetRig, collect} from '../net/net-rig.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';
import {createRig} from '../support/rig.ts';
import {ScsiRig} from '../support/scsi-rig.ts';
import {Counted} from './counted.ts';

const VIF = 'vif/0';

test('a frame from guest to guest: one copy out of the sender, one into the receiver', async (t) => {
  const ledger = new Ledger();
  const net = await createNetRig({ledger});
  const [from, to] = [await net.connectedGuest(), await net.connectedGuest()];
  const received = collect(to.nics[0]);
  const send = async (): Promise<void> => {
    from.nics[0].send(frameOf(to.nics[0].mac, from.nics[0].mac, 100));
    await net.settle();
  };
  await send();
  const counted = await Counted.of(ledger, send);
  t.is(received.length, 2);
  t.deepEqual(counted.at(VIF, 'front', from.domain.id), {hypercall: 1, evtchnSend: 1, upcall: 1});
  const copied = {request: 1, grantCopy: 1, grantCopyBytes: 100};
  t.like(counted.at(VIF, 'back', from.domain.id), {...copied, upcall: 1});
  t.like(counted.at(VIF, 'back', to.domain.id), {...copied, evtchnSend: 1, hypercall: 2});
  t.like(counted.at(VIF, 'front', to.domain.id), {upcall: 1});
});

test('frames of one drain are copied by one hypercall', async (t) => {
  const ledger = new Ledger();
  const net = await createNetRig({ledger});
  const [from, to] = [await net.connectedGuest(), await net.connectedGuest()];
  const counted = await Counted.of(ledger, async () => {
    for (let i = 0; i < 20; i++) from.nics[0].send(frameOf(to.nics[0].mac, from.nics[0].mac, 60, i));
    await net.settle();
  });
  const {grantCopy, hypercall = 0, evtchnSend = 0, upcall = 0} = counted.at(VIF, 'back', from.domain.id);
  t.is(grantCopy, 20);
  t.is(hypercall - evtchnSend, upcall);
  t.true(hypercall < 20);
});

test('what is longer than the copybreak is mapped, and copied by netback itself', async (t) => {
  const ledger = new Ledger();
  const net = await createNetRig({ledger});
  const guest = await net.connectedGuest({back: {tuning: 'copybreak=128'}});
  const counted = await Counted.of(ledger, async () => {
    guest.nics[0].send(frameOf(new Uint8Array(6).fill(0xff), guest.nics[0].mac, 1000));
    await net.settle();
  });
  t.like(counted.at(VIF, 'back'), {grantMap: 1, grantUnmap: 1, grantFlush: 1, memcpyBytes: 1000});
});

test('a line of console output: an event to dom0 and one back, and its bytes on both sides', async (t) => {
  const ledger = new Ledger();
  const rig = await createRig({ledger});
  const daemon = new ConsoleDaemon({ops: rig.dom0.ops, xs: rig.dom0.xs});
  daemon.start();
  const guest = await rig.createGuest();
  const nodes = {port: HVM_PARAM_CONSOLE_EVTCHN, 'ring-ref': HVM_PARAM_CONSOLE_PFN};
  await rig.run(() =>
    rig.dom0.xs.transaction(async (tx) => {
      for (const [key, param] of Object.entries(nodes))
        await rig.dom0.xs.write(`/local/domain/1/console/${key}`, String(guest.ops.hvmParam(param)), tx);
    }),
  );
  await rig.settle();
  const console = HvcConsole.connect(guest.ops);
  await rig.settle();
  const counted = await Counted.of(ledger, async () => {
    console?.write('hello\n');
    await rig.settle();
  });
  t.deepEqual(counted.at('console/0', 'front'), {hypercall: 1, evtchnSend: 1, upcall: 1, memcpyBytes: 6});
  t.deepEqual(counted.at('console/0', 'back'), {hypercall: 1, evtchnSend: 1, upcall: 1, memcpyBytes: 6});
});

test('a SCSI command with three pages of data', async (t) => {
  const ledger = new Ledger();
  const scsi = await ScsiRig.start({ledger});
  await scsi.create();
  const read10 = Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 24, 0);
  const counted = await Counted.of(ledger, () =>
    scsi.rig.run(() => scsi.units[0].execute(read10, {dataInBytes: 3 * 4096})),
  );
  t.deepEqual(counted.at('vscsi/0', 'front'), {hypercall: 1, evtchnSend: 1, upcall: 1});
  t.deepEqual(counted.at('vscsi/0', 'back'), {
    request: 1,
    hypercall: 3,
    evtchnSend: 1,
    upcall: 1,
    grantMap: 3,
    grantUnmap: 3,
    grantFlush: 1,
  });
});

test('emulated hardware: exits, those that go to a device model, interrupts and their ends, what is moved', (t) => {
  const ledger = new Ledger();
  const rig = new EmulatedRig({ledger});
  const dm = rig.dom0.openDeviceModel(rig.guest.id);
  if (typeof dm === 'number') return t.fail();
  const server = dm.createServer((request) => void (request.state = STATE_IORESP_READY));
  dm.setServerState(server, true);
  dm.mapRange(server, 0, 0x1f0, 0x1f7, 'ide');
  dm.mapRange(server, 1, 0xf0000000, 0xf0000fff, 'e1000');
  rig.io.setInterruptHandler(14, () => undefined);

  rig.io.writePort(0x1f7, 1, 0x20);
  rig.io.readPortString(0x1f0, 2, 0x10000, 256);
  rig.io.readMemory(0xf0000000, 4);
  rig.io.readPort(0x300, 1);
  rig.io.readPort(0xcf8, 4);
  dm.countDma('ide', 512);
  dm.setIsaIrq(14, true, 'ide');
  rig.io.endOfInterrupt(14);

  t.deepEqual(ledger.read().map(formatEntry), [
    'd1 ide front pio=2 eoi=1 irq=1 ioreq=2',
    'd1 e1000 front mmio=1 ioreq=1',
    'd1 unclaimed front pio=1 pciConfig=1',
    'd1 ide back hypercall=2 memcpyBytes=512',
  ]);
});

test('commands of an emulated SCSI adapter are those that its targets get', async (t) => {
  const ledger = new Ledger();
  const rig = new EmulatedRig({ledger});
  const lsi = new Lsi53c895a(rig.model, {initiatorName: 'guest'});
  lsi.attach({id: 0, lun: 0}, new DiskUnit({storage: new RamImage(1 << 20), serial: 'A'}));
  lsi.plug(3);
  rig.setUpPci();
  const host = await rig.run(() => LsiHost.probe(rig.machine));
  const disk = host?.units[0];
  // The first command hears of the power-on, and another one asks for the sense data of that.
  await rig.run(() => Promise.resolve(disk?.execute(new Uint8Array(6))));
  const read10 = Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0);
  const counted = await Counted.of(ledger, () =>
    rig.run(async () => {
      for (let i = 0; i < 3; i++) await disk?.execute(read10, {dataInBytes: 4096});
    }),
  );
  t.is(counted.at('lsi53c895a', 'back').request, 3);
  t.like(counted.at('lsi53c895a', 'front'), {irq: 3, eoi: 3});
});

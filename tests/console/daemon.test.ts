import test from 'ava';
import {type ConsoleChunk, ConsoleDaemon, type ConsoleDaemonOptions} from '../../backends/console/index.ts';
import {HvcConsole} from '../../frontends/console/index.ts';
import {GNTTAB_RESERVED_CONSOLE} from '../../hypervisor/abi/grant-table.ts';
import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {createRig, type Rig, type RigDomain} from '../support/rig.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

interface Setup {
  rig: Rig;
  daemon: ConsoleDaemon;
  chunks: ConsoleChunk[];
  logged: Map<number, string>;
}

const setUp = async (options: Partial<ConsoleDaemonOptions> = {}): Promise<Setup> => {
  const rig = await createRig();
  const logged = new Map<number, string>();
  const daemon = new ConsoleDaemon({
    ops: rig.dom0.ops,
    xs: rig.dom0.xs,
    log: (domid, bytes) => logged.set(domid, (logged.get(domid) ?? '') + text(bytes)),
    ...options,
  });
  const chunks: ConsoleChunk[] = [];
  daemon.output.subscribe((chunk) => chunks.push(chunk));
  return {rig, daemon, chunks, logged};
};

/** The nodes that the toolstack writes. */
const writeNodes = ({rig}: Setup, {ops}: RigDomain, more: Record<string, string> = {}): Promise<void> =>
  rig.run(async () => {
    const nodes = {
      limit: '1048576',
      type: 'xenconsoled',
      tty: '',
      port: String(ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN)),
      'ring-ref': String(ops.hvmParam(HVM_PARAM_CONSOLE_PFN)),
      ...more,
    };
    await rig.dom0.xs.transaction(async (tx) => {
      for (const [key, value] of Object.entries(nodes)) {
        await rig.dom0.xs.write(`/local/domain/${ops.domid}/console/${key}`, value, tx);
      }
    });
  });

const speak = (guest: RigDomain, words: string): void => {
  const console = HvcConsole.connect(guest.ops);
  if (console === undefined) throw new Error('no console');
  console.write(words);
};

test('a guest is served once its nodes are there, whichever comes first', async (t) => {
  const setup = await setUp({ttyPath: (domid) => `/dev/pts/${domid}`});
  const {rig, daemon} = setup;
  const before = await rig.createGuest();
  daemon.start();
  await rig.settle();
  t.is(daemon.guest(before.domain.id)?.state, 'waiting');
  await writeNodes(setup, before);
  const after = await rig.createGuest();
  await writeNodes(setup, after);
  await rig.settle();
  speak(before, 'one');
  speak(after, 'two');
  await rig.settle();
  t.deepEqual(
    [...setup.logged],
    [
      [1, 'one'],
      [2, 'two'],
    ],
  );
  t.is(setup.chunks.length, 2);
  t.deepEqual(
    daemon.guests.map(({state}) => state),
    ['open', 'open'],
  );
  t.is(await rig.run(() => rig.dom0.xs.read('/local/domain/2/console/tty')), '/dev/pts/2');
});

test('add and remove by hand, scrollback until forgotten', async (t) => {
  const setup = await setUp();
  const {rig, daemon} = setup;
  const guest = await rig.createGuest();
  await writeNodes(setup, guest);
  daemon.add(1);
  await rig.settle();
  speak(guest, 'words');
  daemon.remove(1);
  t.is(daemon.guest(1)?.closeReason, 'the domain is gone');
  t.is(text(daemon.guest(1)?.scrollback ?? new Uint8Array()), 'words');
  t.is(daemon.write(1, new Uint8Array(3)), 0);
  daemon.forget(1);
  t.is(daemon.guest(1), undefined);
  t.is(guest.domain.grants.pinned, 1);
});

test('a domain that dies is noticed by @releaseDomain, and its last words are kept', async (t) => {
  const setup = await setUp();
  const {rig, daemon} = setup;
  daemon.start();
  const guest = await rig.createGuest();
  await writeNodes(setup, guest);
  await rig.settle();
  speak(guest, 'aargh');
  rig.destroy(guest);
  await rig.settle();
  t.is(daemon.guest(1)?.state, 'closed');
  t.is(setup.logged.get(1), 'aargh');
  t.is(rig.xen.domain(1), undefined);
});

test('what the daemon does not serve: others and nonsense', async (t) => {
  const setup = await setUp();
  const {rig, daemon} = setup;
  daemon.start();
  const guests = [await rig.createGuest(), await rig.createGuest(), await rig.createGuest()];
  await writeNodes(setup, guests[0], {type: 'ioemu'});
  await writeNodes(setup, guests[1], {port: 'x'});
  await writeNodes(setup, guests[2], {port: '77'});
  await rig.settle();
  t.deepEqual(
    daemon.guests.map(({state}) => state),
    ['waiting', 'waiting', 'closed'],
  );
  t.is(daemon.guest(3)?.closeReason, 'binding port 77: EINVAL');
});

test('a domain that never came to be is forgotten at the next introduction', async (t) => {
  const {rig, daemon} = await setUp();
  daemon.start();
  await rig.settle();
  await rig.run(() => rig.dom0.xs.write('/local/domain/7', ''));
  await rig.createGuest();
  await rig.settle();
  t.deepEqual(
    daemon.guests.map(({domid}) => domid),
    [7, 1],
  );
  await rig.run(() => rig.dom0.xs.rm('/local/domain/7'));
  await rig.createGuest();
  await rig.settle();
  t.deepEqual(new Set(daemon.guests.map(({domid}) => domid)), new Set([1, 2]));
});

test('the number of guests is bounded', async (t) => {
  const {rig, daemon} = await setUp({limits: {guests: 2}});
  for (const domid of [11, 12, 13]) daemon.add(domid);
  await rig.settle();
  t.deepEqual(
    daemon.guests.map(({domid}) => domid),
    [11, 12],
  );
});

test('stop lets go of everything', async (t) => {
  const setup = await setUp();
  const {rig, daemon} = setup;
  daemon.start();
  const guest = await rig.createGuest();
  await writeNodes(setup, guest);
  await rig.settle();
  const open = [...rig.dom0.domain.ports.open()].length;
  daemon.stop();
  t.is([...rig.dom0.domain.ports.open()].length, open - 1);
  const introduced = daemon.guests.length;
  await rig.createGuest();
  await rig.settle();
  t.is(daemon.guests.length, introduced);
});

test('a console with another port or page is served there [CONS-NODE-08]', async (t) => {
  const setup = await setUp();
  const {rig, daemon, logged} = setup;
  daemon.start();
  const guest = await rig.createGuest();
  const {domain, ops} = guest;
  await writeNodes(setup, guest);
  await rig.settle();
  speak(guest, 'before, ');
  await rig.settle();
  ops.evtchnClose(ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN));
  domain.hvmParams.set(HVM_PARAM_CONSOLE_EVTCHN, ops.evtchnAllocUnbound(0));
  const gfn = ops.pages.alloc()!;
  ops.memory.u32[domain.grants.entryWord(GNTTAB_RESERVED_CONSOLE) + 1] = gfn;
  domain.hvmParams.set(HVM_PARAM_CONSOLE_PFN, gfn);
  await writeNodes(setup, guest);
  await rig.settle();
  speak(guest, 'after');
  await rig.settle();
  t.is(logged.get(domain.id), 'before, after');
  t.is(daemon.guest(domain.id)?.state, 'open');
  t.is(domain.grants.pinned, 2, 'the rings of store and console, once each');
});

test('a ring that is granted and named differently is not served [CONS-NODE-02]', async (t) => {
  const setup = await setUp();
  const {rig, daemon} = setup;
  daemon.start();
  const guest = await rig.createGuest();
  await writeNodes(setup, guest, {'ring-ref': '77'});
  await rig.settle();
  t.is(daemon.guest(guest.domain.id)?.closeReason, 'ring-ref is 77, and granted is frame 2');
});

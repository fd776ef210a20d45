import {check, type Check} from '../../check.ts';
import {noUnmaskDelivery} from '../../mutants/event-channels.ts';
import {keepsMappings, keepsPorts} from '../../mutants/leaks.ts';
import type {Mutant} from '../../mutants/mutant.ts';
import {writesInstead} from '../../mutants/store.ts';
import {frameFromGuest, frameToGuest} from '../../peers/frames.ts';
import {EVTCHNSTAT} from './numbers.ts';
import {connectPair} from './pair.ts';

const OTHER_PORTS = 7;

const reservesForAnother: Mutant = {
  name: 'reserves its port for another domain',
  layer: () => ({ops: {evtchnAllocUnbound: (real) => real(5)}}),
};

/** Takes any answer of bind_interdomain for a port. */
const ignoresBindErrors: Mutant = {
  name: 'takes a failed bind for a port',
  layer: () => ({ops: {evtchnBindInterdomain: (real, domid, port) => Math.max(1, real(domid, port))}}),
};

/** Sends on the number that the port has on the other side. */
const sendsOnPeersPort: Mutant = {
  name: "sends on the peer's port number",
  layer: () => {
    let remote = 0;
    return {
      ops: {
        evtchnBindInterdomain: (real, domid, port) => {
          remote = port;
          return real(domid, port);
        },
        evtchnSend: (real) => real(remote),
      },
    };
  },
};

const sendsElsewhere: Mutant = {
  name: 'sends on another port',
  layer: () => ({ops: {evtchnSend: (real, port) => real(port + OTHER_PORTS)}}),
};

/** Sends on others of the ports that it has opened. */
const sendsOn = (name: string, choose: (ports: readonly number[]) => readonly number[]): Mutant => ({
  name,
  layer: () => {
    const ports: number[] = [];
    return {
      ops: {
        evtchnAllocUnbound: (real, domid) => {
          const port = real(domid);
          ports.push(port);
          return port;
        },
        evtchnSend: (real) => Math.min(...choose(ports).map((port) => real(port))),
      },
    };
  },
});

/** What a frontend may name for its port: none that the backend can bind. */
const wrongPorts = ['0', '4294967295', '3000', '1', 'abc'];

export const evtchnUseChecks: readonly Check[] = [
  check(
    'frontend/vbd',
    'EVTCHN-USE-01',
    async (stand) => {
      await stand.attach();
      await stand.setState(2);
      await stand.arrives(3);
      const port = Number(await stand.read(`${stand.frontPath(stand.devid)}/event-channel`));
      const status = (): {status: number; dom: number | undefined} => {
        const answer = stand.peerOps.evtchnStatus(stand.guest.domain.id, port);
        return typeof answer === 'number' ? {status: answer, dom: 0} : {status: answer.status, dom: answer.remoteDomid};
      };
      const before = status();
      stand.must(
        before.status === EVTCHNSTAT.unbound && before.dom === 0,
        `port ${port} has status ${before.status}, for d${before.dom}`,
        'unbound, for dom0',
      );
      await stand.join();
      stand.must(
        status().status === EVTCHNSTAT.interdomain,
        `port ${port} has status ${status().status} when connected`,
        'interdomain',
      );
    },
    {mutants: [reservesForAnother, writesInstead('publishes another port', 'event-channel', () => '200')]},
  ),
  check(
    'backend/vbd',
    'EVTCHN-USE-02',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const port = wrongPorts[stand.choose(wrongPorts.length)];
      await stand.announce({'event-channel': port});
      await stand.settle();
      stand.must((await stand.state) !== 4, `port ${port} connects`, 'an error');
      stand.must((await stand.error) !== undefined, `nothing is said of port ${port}`, 'the error is written');
      stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'none');
      for (const state of [5, 6]) {
        await stand.setState(state);
        await stand.settle();
      }
      await stand.setState(1);
      await stand.arrives(2);
      stand.newPeer();
      await stand.meet();
      stand.must(await stand.serves(), 'a read is not answered', 'a new connection is served');
    },
    {orders: wrongPorts.length, mutants: [ignoresBindErrors, keepsMappings]},
  ),
  check(
    'backend/vbd',
    'EVTCHN-USE-03',
    async (stand) => {
      const {dom0} = stand.rig;
      await stand.attach();
      await stand.arrives(2);
      const before = stand.portsOf(dom0);
      const peer = await stand.meet();
      await stand.disconnect();
      stand.must(stand.portsOf(dom0) === before, () => `${stand.portsOf(dom0)} ports are open`, `${before}`);
      const {rspProd} = peer.ring;
      peer.putRead(1n, peer.page());
      peer.publish();
      peer.notify();
      await stand.settle();
      stand.must(peer.ring.rspProd === rspProd, 'a request is answered', 'no handler runs for a ring that is gone');
    },
    {mutants: [keepsPorts]},
  ),
  check(
    'frontend/vbd',
    'EVTCHN-USE-03',
    async (stand) => {
      const before = stand.portsOf(stand.guest);
      const peer = await stand.connect();
      stand.must(await stand.reads(), 'a read fails', 'reads are done');
      await stand.write(`${stand.backPath(stand.devid)}/online`, '0');
      await stand.setState(5);
      await stand.arrives(6);
      for (let i = 0; i < 3; i++) peer.notify();
      peer.disconnect();
      await stand.setState(6);
      await stand.removeDevice(stand.devid);
      await stand.settle();
      const after = stand.portsOf(stand.guest);
      stand.must(after === before, `${after} ports are open`, `${before}, as before`);
      stand.must(stand.guestLives, 'the guest has crashed', 'it lives');
    },
    {mutants: [keepsPorts]},
  ),
  check(
    'hypervisor',
    'EVTCHN-USE-04',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      b.ops.evtchnSend(theirs);
      await stand.settle();
      let events = 0;
      a.ops.events(port).subscribe(() => events++);
      await stand.settle();
      stand.must(events === 1, `${events} events for a handler that comes later`, 'one');
    },
    {mutants: [noUnmaskDelivery]},
  ),
  check(
    'frontend/vif',
    'EVTCHN-USE-05',
    async (stand) => {
      const peer = await stand.connect({offers: {'feature-split-event-channels': '1'}});
      if ((await stand.front('event-channel-tx')) === undefined) stand.inconclusive('the frontend splits no channels');
      const events = async (act: () => Promise<unknown>): Promise<{tx: number; rx: number}> => {
        const [tx, rx] = [peer.txEvents, peer.rxEvents];
        await act();
        return {tx: peer.txEvents - tx, rx: peer.rxEvents - rx};
      };
      peer.tx.reqEvent = peer.tx.reqProd + 1;
      const sent = await events(() => stand.sends(frameFromGuest(60)));
      stand.must(sent.tx > 0 && sent.rx === 0, () => `a frame sent: ${JSON.stringify(sent)}`, 'events at tx alone');
      peer.rx.reqEvent = peer.rx.reqProd + 1;
      for (let i = 0; i < 4; i++) peer.fillRx(frameToGuest(60));
      const posted = await events(() => stand.receives());
      stand.must(posted.tx === 0, () => `pages posted: ${JSON.stringify(posted)}`, 'no events at tx');
      if ((await stand.front('feature-rx-notify')) === '1')
        stand.must(posted.rx > 0, () => `pages posted: ${JSON.stringify(posted)}`, 'an event at rx');
    },
    {
      mutants: [
        sendsOn('sends all events on the first port', ([first]) => [first]),
        sendsOn('sends all events on the last port', (ports) => ports.slice(-1)),
        sendsOn('sends each event on all ports', (ports) => ports),
      ],
    },
  ),
  check(
    'backend/vbd',
    'EVTCHN-USE-06',
    async (stand) => {
      for (let i = 0; i < OTHER_PORTS; i++) stand.rig.dom0.ops.evtchnAllocUnbound(0);
      const peer = await stand.connect();
      const before = peer.events;
      stand.must(await stand.serves(), 'a read is not answered', 'reads are served');
      stand.must(peer.events > before, 'no event comes', 'port numbers are of one domain each');
    },
    {mutants: [sendsOnPeersPort]},
  ),
  check(
    'frontend/vbd',
    'EVTCHN-USE-06',
    async (stand) => {
      for (let i = 0; i < OTHER_PORTS; i++) stand.guest.ops.evtchnAllocUnbound(0);
      const peer = await stand.connect();
      const before = peer.events;
      stand.must(await stand.reads(), 'a read fails', 'reads are done');
      stand.must(peer.events > before, 'no event comes', 'port numbers are of one domain each');
    },
    {mutants: [sendsElsewhere]},
  ),
];

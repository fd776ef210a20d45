import {check, type Check} from '../../check.ts';
import {frontState, neverWrites, readsInstead, writesInstead} from '../../mutants/store.ts';
import {frameFromGuest, frameToGuest, GUEST_MAC} from '../../peers/frames.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';

const LONG_BYTES = 5000;
const JUMBO_MTU = '9000';

const badMacs = ['00:16:3e:01:02', '00:16:3e:01:02:03:04', '00:16:3e:01:02:zz', 'eth0', ''];
const carriers = [undefined, '0', '1'];
const badQueueCounts = ['0', '99999', '4294967295'];

/** The frontend's nodes are such that no backend may connect. */
const mustRefuse = async (
  stand: VifBackendStand,
  nodes: Readonly<Record<string, string>>,
  why: string,
): Promise<void> => {
  await stand.attach();
  await stand.arrives(2);
  await stand.announce(nodes);
  const isUp = await stand.reaches(4, 5, 6);
  const state = await stand.state;
  stand.must(!isUp || state !== 4, 'the backend is Connected', `${why}: it refuses`);
  stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'nothing of the guest is kept');
};

/** The link is as the node says, and carries frames or does not. */
const mustShowLink = async (stand: VifFrontendStand, carrier: string | undefined): Promise<void> => {
  const isUp = carrier !== '0';
  const link = isUp ? 'up' : 'down';
  stand.must(
    (await stand.ask((nic) => nic.hasCarrier())) === isUp,
    `carrier ${carrier}, and the link is not ${link}`,
    link,
  );
  if (isUp) return stand.must(await stand.works(), `carrier ${carrier}, and a frame does not pass`, 'frames pass');
  const requests = await stand.sends(frameFromGuest(60));
  stand.must(requests.length === 0, `${requests.length} slots for a frame`, 'none: the link is down');
};

export const negotiationChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-NEG-01',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const value = await stand.back('feature-rx-copy');
      stand.must(value === '1', `feature-rx-copy is ${value}`, '1: there is no other mode any more');
    },
    {mutants: [neverWrites('feature-rx-copy')]},
  ),
  check(
    'backend/vif',
    'NETIF-NEG-01',
    (stand) => mustRefuse(stand, {'request-rx-copy': ''}, 'there is no request-rx-copy'),
    {variant: 'refuses', mutants: [readsInstead('does not look at request-rx-copy', 'request-rx-copy', () => '1')]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-01',
    async (stand) => {
      await stand.connect();
      const value = await stand.front('request-rx-copy');
      stand.must(value === '1', `request-rx-copy is ${value}`, '1');
    },
    {mutants: [neverWrites('request-rx-copy')]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-01',
    async (stand) => {
      await stand.attach({offers: {'feature-rx-copy': ''}});
      await stand.setState(2);
      const isUp = await stand.until(async () => (await stand.state) === 4);
      stand.must(!isUp, 'the frontend is Connected', 'it refuses: the backend cannot copy');
    },
    {variant: 'refuses', mutants: [readsInstead('does not look at feature-rx-copy', 'feature-rx-copy', () => '1')]},
  ),
  check(
    'backend/vif',
    'NETIF-NEG-02',
    async (stand) => {
      const peer = await stand.connect({front: {'feature-sg': '', mtu: JUMBO_MTU}});
      peer.post(8);
      peer.pushRx();
      const taken = await stand.deliver(frameToGuest(LONG_BYTES));
      stand.must(
        taken.length === 0,
        `${taken.length} slots for a frame`,
        'one slot a frame: the frontend has no feature-sg',
      );
      stand.must(await stand.serves(), 'a frame does not pass', 'others pass');
    },
    {mutants: [readsInstead('takes any frontend for one with feature-sg', 'feature-sg', () => '1')]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-02',
    async (stand) => {
      await stand.connect({offers: {'feature-sg': ''}, mtu: LONG_BYTES});
      const requests = await stand.sends(frameToGuest(LONG_BYTES));
      stand.must(
        requests.length === 0,
        `${requests.length} slots for a frame`,
        'one slot: the backend has no feature-sg',
      );
      stand.must(await stand.works(), 'a frame does not pass', 'shorter ones pass');
    },
    {mutants: [readsInstead('takes any backend for one with feature-sg', 'feature-sg', () => '1')]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-05',
    async (stand) => {
      const peer = await stand.connect();
      const value = await stand.front('feature-rx-notify');
      if (value !== '1') stand.inconclusive(`feature-rx-notify is ${value}: it tells nothing of receive requests`);
      const events = peer.txEvents;
      peer.rx.reqEvent = peer.rx.reqProd + 1;
      for (let i = 0; i < 4; i++) peer.fillRx(frameToGuest(60));
      await stand.receives();
      stand.must(peer.txEvents > events, 'no event', 'an event for new receive requests');
    },
    {mutants: [{name: 'never notifies', layer: () => ({ops: {evtchnSend: () => 0}})}]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-06',
    async (stand) => {
      const isSplit = stand.choose(2) === 1;
      await stand.connect({offers: {'feature-split-event-channels': isSplit ? '1' : '0'}});
      const [tx, rx, one] = await Promise.all(
        ['event-channel-tx', 'event-channel-rx', 'event-channel'].map((key) => stand.front(key)),
      );
      const due = isSplit ? 'two ports or one' : 'event-channel alone: the backend splits none';
      stand.must((tx === undefined) === (rx === undefined), `ports ${tx} and ${rx}`, 'both or none');
      stand.must(tx === undefined ? one !== undefined : isSplit && tx !== rx, `ports ${tx}, ${rx}, ${one}`, due);
      stand.must(await stand.works(), 'a frame does not pass', 'frames pass');
    },
    {
      orders: 2,
      mutants: [
        readsInstead('takes any backend for one that splits', 'feature-split-event-channels', () => '1'),
        neverWrites('event-channel-rx'),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-NEG-07',
    async (stand) => {
      await stand.attach({split: true});
      await stand.arrives(2);
      if ((await stand.back('feature-split-event-channels')) !== '1')
        stand.inconclusive('the backend splits no channels');
      await stand.announce({'event-channel': '999'});
      stand.must(
        await stand.reaches(4),
        `the backend is in state ${await stand.state}`,
        'it looks for split ports first',
      );
      await stand.settle();
      stand.must(await stand.serves(), 'a frame does not pass', 'frames pass');
      const {peer} = stand;
      stand.must(
        peer.txEvents > 0 && peer.rxEvents > 0,
        () => `${peer.txEvents} and ${peer.rxEvents} events`,
        'events at both',
      );
    },
    {mutants: [readsInstead('looks at event-channel only', /event-channel-(tx|rx)$/, () => undefined)]},
  ),
  check('backend/vif', 'NETIF-NEG-07', (stand) => mustRefuse(stand, {'event-channel': ''}, 'there is no port'), {
    variant: 'neither',
    mutants: [readsInstead('makes a port up', /event-channel(-tx|-rx)?$/, () => '3')],
  }),
  check(
    'frontend/vif',
    'NETIF-NEG-08',
    async (stand) => {
      const max = [1, 4][stand.choose(2)];
      await stand.connect({offers: {'multi-queue-max-queues': String(max)}});
      const count = Number((await stand.front('multi-queue-num-queues')) ?? 1);
      stand.must(count >= 1 && count <= max, `${count} queues`, `1..${max}`);
      for (let i = 0; i < count; i++) {
        const prefix = count === 1 ? '' : `queue-${i}/`;
        for (const key of ['tx-ring-ref', 'rx-ring-ref'])
          stand.must((await stand.front(prefix + key)) !== undefined, `no ${prefix}${key}`, 'rings of each queue');
      }
    },
    {
      orders: 2,
      mutants: [
        writesInstead('has nine queues', 'multi-queue-num-queues', () => '9'),
        writesInstead('has no queues', 'multi-queue-num-queues', () => '0'),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-NEG-09',
    (stand) => {
      const count = badQueueCounts[stand.choose(badQueueCounts.length)];
      return mustRefuse(stand, {'multi-queue-num-queues': count}, `${count} queues`);
    },
    {
      orders: badQueueCounts.length,
      mutants: [readsInstead('takes any number of queues for 1', 'multi-queue-num-queues', () => '1')],
    },
  ),
  check(
    'backend/vif',
    'NETIF-NEG-10',
    async (stand) => {
      const mac = badMacs[stand.choose(badMacs.length)];
      await stand.attach({back: {mac}});
      await stand.settle();
      stand.must(!(await stand.reaches(2)), `the backend takes "${mac}"`, 'an address that makes no sense is refused');
    },
    {orders: badMacs.length, mutants: [readsInstead('does not look at mac', 'mac', () => GUEST_MAC)]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-10',
    async (stand) => {
      await stand.connect();
      const bytes = await stand.ask((nic) => nic.mac());
      const mac = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
      stand.must(mac === GUEST_MAC, `the interface has ${mac}`, `${GUEST_MAC}, as its directory says`);
    },
    {mutants: [readsInstead('takes another address', 'mac', () => '00:16:3e:ff:ff:ff')]},
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-11',
    async (stand) => {
      const [node, due] = (
        [
          [undefined, 1500],
          ['1400', 1400],
          [JUMBO_MTU, 9000],
        ] as const
      )[stand.choose(3)];
      await stand.connect({front: node === undefined ? {} : {mtu: node}});
      const mtu = await stand.ask((nic) => nic.mtu());
      stand.must(mtu === due, `the MTU is ${mtu}`, `${due}: the node is ${node}`);
      const sent = await stand.sends(frameToGuest(due + 14));
      stand.must(sent.length > 0, 'no request', 'a frame of the MTU is sent');
    },
    {
      orders: 3,
      mutants: [
        readsInstead('does not look at mtu', 'mtu', () => undefined),
        readsInstead('takes mtu for 1400', 'mtu', () => '1400'),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-12',
    async (stand) => {
      const first = carriers[stand.choose(carriers.length)];
      await stand.connect({offers: {carrier: first ?? ''}});
      await mustShowLink(stand, first);
      for (const value of [...carriers, first]) {
        const path = `${stand.backPath(stand.devid)}/carrier`;
        await (value === undefined ? stand.remove(path) : stand.write(path, value));
        await stand.settle();
        await mustShowLink(stand, value);
      }
    },
    {
      orders: carriers.length,
      mutants: [
        readsInstead('does not look at carrier', 'carrier', () => undefined),
        readsInstead('looks at carrier when it connects only', 'carrier', (value, nth) => (nth > 0 ? '1' : value)),
        readsInstead('takes no carrier node for 0', 'carrier', (value) => value ?? '0'),
        readsInstead('takes 0 for up and 1 for down', 'carrier', (value) => value && (value === '0' ? '1' : '0')),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-NEG-13',
    async (stand) => {
      const handle = ['0', '7'][stand.choose(2)];
      await stand.connect({back: {handle}, front: {handle}});
      const [name = 'none'] = stand.portNames;
      stand.must(name.endsWith(`.${handle}`), `the bridge has a port ${name}`, `a name that ends in ${handle}`);
    },
    {orders: 2, mutants: [readsInstead('takes any handle for 1', 'handle', () => '1')]},
  ),
  check(
    'backend/vif',
    'NETIF-NEG-14',
    async (stand) => {
      await stand.attach({hotplug: false});
      await stand.arrives(2);
      await stand.announce();
      stand.must(!(await stand.reaches(4)), 'the backend is Connected', 'it waits for hotplug-status');
      await stand.plug();
      stand.must(await stand.reaches(4), `the backend is in state ${await stand.state}`, 'Connected');
    },
    {
      mutants: [
        readsInstead('does not look at hotplug-status', 'hotplug-status', () => 'connected'),
        readsInstead('does not find hotplug-status', 'hotplug-status', () => undefined),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-NEG-17',
    async (stand) => {
      await stand.attach();
      await stand.setState(2);
      await stand.until(async () => (await stand.state) >= 3);
      const states = stand.store.valuesOf(`${stand.frontPath(stand.devid)}/state`);
      stand.must(states.at(-1) === '4' && !states.includes('3'), `states ${states.join()}`, '4 without 3 before it');
    },
    {mutants: [writesInstead('says that it is Initialised', frontState, (value) => (value === '4' ? '3' : value))]},
  ),
];

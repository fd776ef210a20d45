import test from 'ava';
import {Hypervisor} from '../../hypervisor/index.ts';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {Refusal, type RequestTrace, type XsErrno} from '../../hypervisor/xenstore/index.ts';
import {formatBreach, Referee} from '../../toolstack/referee/index.ts';
import {readFixture} from '../support/fixtures.ts';

/** A real Xen host through the life of its guests: xl 4.17, the drivers of Linux 6.1 on both sides. In the order recorded. */
const stages = [
  'create-paused',
  'unpause',
  'block-attach',
  'block-detach',
  'network-attach',
  'network-detach',
  'block-attach-again',
  'block-detach-busy',
  'rename',
  'mem-set',
  'sysrq',
  'poweroff',
  'create',
  'create-returned',
  'reboot',
  'save',
  'restore',
  'destroy',
  'vscsi-attach',
  'vscsi-add-unit',
  'vscsi-remove-unit',
  'vscsi-detach',
];

/** "  3456 15:02:11 xl-block-detach[1215]  > tx=1 WRITE /local/domain/0/... = "5" -> OK" */
const LINE = /^ *\d+ \S+ (?<who>\S+) +> (?:tx=(?<tx>\d+) )?(?<type>\S+) (?<about>.*) -> (?<reply>.*)$/;

/** Requests of a log. Those of a kernel have no number: what it asks between start and end is taken for part of it. */
function* requestsOf(log: string): Generator<RequestTrace> {
  const serials = new Map<string, number>();
  const underWay = new Map<string, number>();
  for (const line of log.split('\n')) {
    const {who, tx, type, about, reply} = LINE.exec(line)?.groups ?? {};
    if (who === undefined) continue;
    const serial = serials.get(who) ?? serials.size + 1;
    serials.set(who, serial);
    if (type === 'TRANSACTION_START') underWay.set(who, Number(JSON.parse(reply)));
    const txId = tx === undefined ? (underWay.get(who) ?? 0) : Number(tx);
    if (type === 'TRANSACTION_END') underWay.delete(who);
    const [, path, value = ''] = /^(\S*)(?: = "(.*)")?/.exec(about) ?? [];
    const domId = Number(/^dom(\d+)/.exec(who)?.[1] ?? 0);
    yield {
      connection: who,
      serial,
      domId,
      type,
      txId,
      payload: `${path}\0${value}`,
      reply: reply.startsWith('ERROR ') ? new Refusal(reply.slice('ERROR '.length) as XsErrno) : 'OK\0',
    };
  }
}

test('what xl and the drivers of Linux do on a real Xen host breaks no rule of the store', (t) => {
  const xen = new Hypervisor({schedule: virtualClock(1)});
  const referee = new Referee(xen);
  const said: string[] = [];
  let stage = '';
  referee.breaches.subscribe((breach) => void said.push(`${stage}: ${formatBreach(breach)}`));
  let states = 0;
  for (stage of stages) {
    for (const request of requestsOf(readFixture('golden', 'handshake', `${stage}.log`))) {
      if (request.type === 'WRITE' && /\/state\0/.test(request.payload)) states++;
      referee.onRequest(request);
    }
  }
  referee.close();
  t.true(states > 100, `${states} moves were seen`);
  t.deepEqual(said, []);
});

import test from 'ava';
import {readFixture} from '../support/fixtures.ts';
import {type Handshake, HandshakeRecorder, parseHandshake} from '../support/handshake.ts';
import {TestHost} from '../support/host.ts';

/** Recorded: units of a PV SCSI host, attached by hand; the drivers are those of Linux 6.1. */
const DOMID = 6;
const FRONT = '/local/domain/N/device/vscsi/0';
const BACK = '/local/domain/0/backend/vscsi/N/0';
/** Other grants and ports were used before; how many segments a backend takes is its own. */
const ANY = /\/(ring-ref|event-channel|feature-sg-grant)$/;

const NO_UUID = 'none';

/** Writes that Linux leaves out. */
const OURS_ONLY: readonly RegExp[] = [
  // The layout is the same on all ABIs; others say so.
  /^protocol = /,
  // The toolstack has written it in the backend's place; ours takes it up by a write of its own.
  /^state = 7$/,
];

interface Stage {
  readonly log: string;
  readonly act: (host: TestHost, domid: number) => Promise<void>;
}

const attach =
  (spec: string): Stage['act'] =>
  ({host}, domid) =>
    host.scsi.attach(domid as never, spec);

const detach =
  (vdev: string): Stage['act'] =>
  ({host}, domid) =>
    host.scsi.detach(domid as never, vdev);

const stages: readonly Stage[] = [
  {log: 'vscsi-attach', act: attach('disk:ram:1M, 0:0:0:0')},
  {log: 'vscsi-add-unit', act: attach('disk:ram:1M, 0:0:1:0')},
  {log: 'vscsi-remove-unit', act: detach('0:0:0:0')},
  {log: 'vscsi-detach', act: detach('0:0:1:0')},
];

/** What one end's driver wrote in its directory, in order. */
const written = ({units}: Handshake, actor: string, directory: string): string[] =>
  units
    .filter((unit) => unit.actor === actor)
    .flatMap(({ops}) => ops)
    .filter(({type, ok, path}) => type === 'WRITE' && ok && path.startsWith(`${directory}/`))
    .map(({path, value}) => `${path.slice(directory.length + 1)} = ${ANY.test(path) ? '*' : value}`);

test('both ends of a SCSI host write what the drivers of Linux write, in the same order', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const recorder = new HandshakeRecorder();
  host.host.xen.trace.addSink(recorder.record);
  const domid = await host.boot('s');
  const names = {domids: [domid], uuid: NO_UUID};
  recorder.take(names);
  for (const {log, act} of stages) {
    await act(host, domid);
    await host.settle();
    const ours = recorder.take(names);
    const golden = parseHandshake(readFixture('golden', 'handshake', `${log}.log`), {domids: [DOMID], uuid: NO_UUID});
    t.true(written(golden, 'guest', FRONT).length > 0);
    for (const [actor, directory] of [
      ['guest', FRONT],
      ['dom0-kernel', BACK],
    ] as const) {
      const due = written(golden, actor, directory);
      const isDue = (line: string): boolean => due.includes(line) || !OURS_ONLY.some((only) => only.test(line));
      t.deepEqual(written(ours, actor, directory).filter(isDue), due, `${log}: ${actor}`);
    }
  }
});

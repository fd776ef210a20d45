import test from 'ava';
import {TestHost} from '../support/host.ts';

const disk = (name: string): string => `disk=["format=raw,vdev=xvda,access=rw,target=ram:4M"]\nextra="${name}"`;

test('a config says what both drivers of its disks do', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const tuning = 'vbd_backend_tuning="queues=2,sector=4096"\nvbd_frontend_tuning="queues=8,persistent=0"';
  const domid = await host.boot('tuned', `${disk('tuned')}\n${tuning}`);
  const front = `/local/domain/${domid}/device/vbd/51712`;
  t.is(await host.read(`${front}/multi-queue-num-queues`), '2');
  t.is(await host.read(`${front}/feature-persistent`), undefined);
  t.is(await host.read(`/local/domain/0/backend/vbd/${domid}/51712/sector-size`), '4096');
  t.regex(await host.shell(domid, 'sha256sum /dev/xvda', 3e9), /^[0-9a-f]{64} {2}\/dev\/xvda$/m);
  t.deepEqual(host.host.config(domid).ignored, []);
});

test('a host says what all of its disks offer', async (t) => {
  const host = await TestHost.start({diskFeatures: {persistent: false, indirect: 0}});
  t.teardown(() => host.close());
  const domid = await host.boot('plain', disk('plain'));
  const back = `/local/domain/0/backend/vbd/${domid}/51712`;
  t.is(await host.read(`${back}/feature-persistent`), undefined);
  t.is(await host.read(`${back}/feature-max-indirect-segments`), undefined);
  t.regex(await host.shell(domid, 'sha256sum /dev/xvda', 3e9), /^[0-9a-f]{64} {2}\/dev\/xvda$/m);
});

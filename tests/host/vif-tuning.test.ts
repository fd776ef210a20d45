import test from 'ava';
import {TestHost} from '../support/host.ts';

test('a config says what both drivers of its interfaces do', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const tuning = 'vif_backend_tuning="queues=4,gso6=0"\nvif_frontend_tuning="queues=2,csum4=0"';
  const domid = await host.boot('tuned', `vif=["bridge=xenbr0"]\nextra="tuned"\n${tuning}`);
  const [front, back] = [`/local/domain/${domid}/device/vif/0`, `/local/domain/0/backend/vif/${domid}/0`];
  t.is(await host.read(`${back}/multi-queue-max-queues`), '4');
  t.is(await host.read(`${back}/feature-gso-tcpv6`), undefined);
  t.is(await host.read(`${front}/multi-queue-num-queues`), '2');
  t.is(await host.read(`${front}/feature-no-csum-offload`), '1');
  t.truthy(await host.read(`${front}/queue-1/tx-ring-ref`));
  t.deepEqual(host.host.config(domid).ignored, []);
});

test('rate= comes to the backend as libxl writes it: bytes each interval of microseconds', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('slow', 'vif=["rate=10Mb/s@20ms", "mac=00:16:3e:00:00:02"]\nextra="slow"');
  t.is(await host.read(`/local/domain/0/backend/vif/${domid}/0/rate`), '25000,20000');
  t.is(await host.read(`/local/domain/0/backend/vif/${domid}/1/rate`), undefined);
});

test('what ethtool and ip link do in a Linux dom0', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('plain', 'vif=["bridge=xenbr0"]\nextra="plain"');
  const {vifs} = host.host;
  t.deepEqual(Object.keys(vifs.ethtool(domid, '0')), [
    'rx_gso_checksum_fixup',
    'tx_zerocopy_sent',
    'tx_zerocopy_success',
    'tx_zerocopy_fail',
    'tx_frag_overflow',
  ]);
  const carrier = `/local/domain/0/backend/vif/${domid}/0/carrier`;
  for (const [isUp, value] of [
    [false, '0'],
    [true, '1'],
  ] as const) {
    vifs.setLink(domid, '0', isUp);
    await host.host.clock.sleep(1e7);
    t.is(await host.read(carrier), value);
  }
});

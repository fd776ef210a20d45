import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import type {FaultRates} from '../../hypervisor/schedule/index.ts';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';

const S = 1e9;
const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';
const VIF = 'vif=["bridge=xenbr0"]';

interface FaultCase {
  name: string;
  faults: Partial<FaultRates>;
  /** Guests come up and their traffic works, late and at the second attempt maybe; else they may fail. */
  survives: boolean;
}

const cases: readonly FaultCase[] = [
  {name: 'late events', faults: {lateEvent: 0.5}, survives: true},
  {name: 'store conflicts', faults: {storeConflict: 0.5}, survives: true},
  {name: 'I/O errors', faults: {ioError: 0.3}, survives: true},
  {name: 'refused grants', faults: {refusedGrant: 0.1}, survives: false},
  {name: 'lost events', faults: {lostEvent: 0.02}, survives: false},
  {
    name: 'a bit of everything',
    faults: {lateEvent: 0.2, storeConflict: 0.2, ioError: 0.1, refusedGrant: 0.02, lostEvent: 0.01},
    survives: false,
  },
];

const type = (host: TestHost, domid: DomId, command: string): void =>
  host.host.consoleInput(domid, new TextEncoder().encode(`${command}\r`));

for (const {name, faults, survives} of cases) {
  for (let seed = 1; seed <= 3; seed++) {
    test(`${name}, seed ${seed}: the host lives, and guests leave nothing behind`, async (t) => {
      const host = await TestHost.start({seed, faults});
      for (const path of ['/vm', '/libxl']) await host.host.clock.drive(host.host.xs.mkdir(path));
      const before = footprintOf(host);
      const created = await Promise.allSettled(
        ['a', 'b'].map((guest, i) =>
          host.create(`name="${guest}"\nkernel="builtin"\nmemory=16\n${DISK}\n${VIF}\nextra="ip=10.0.0.${i + 1}/24"`),
        ),
      );
      const domids = created.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      if (survives) t.is(domids.length, 2);
      await host.settle(60 * S);
      for (const domid of domids) {
        type(
          host,
          domid,
          'dd if=/dev/zero of=/dev/xvda bs=4k; dd if=/dev/xvda of=/dev/null bs=64k; ping -c 5 10.0.0.254',
        );
      }
      await host.settle(30 * S);
      if (survives) {
        for (const domid of domids) t.regex(host.consoleText(domid), /5 packets transmitted, 5 received/);
        await host.host.shutdown(domids[0], 'poweroff');
        await host.settle(30 * S);
        t.is(host.host.xen.domain(domids[0]), undefined);
      }
      for (const {domid} of host.host.domains()) if (domid !== 0) await host.host.destroy(domid);
      await host.settle();
      t.deepEqual(footprintOf(host), before);
      t.true(host.trace.some((line) => line.includes(' fault kind=')));
      await host.close();
    });
  }
}

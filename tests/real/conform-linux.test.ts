import {checks} from '../../toolstack/conform/checks/index.ts';
import {loadIut} from '../../toolstack/conform/iut/load.ts';
import {kernelSource} from '../../toolstack/conform/linux/source.ts';
import {runCheck} from '../../toolstack/conform/run/run-check.ts';
import {debianGuest} from '../support/debian.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;

/** What comes of Linux's own drivers; what fails is told in docs/conformance.md. */
const verdicts = {
  'RING-LAY-01 frontend/vbd': 'pass',
  'RING-IDX-09 frontend/vbd': 'pass',
  'RING-NTF-03 frontend/vbd': 'pass',
  'RING-ORD-01 frontend/vbd': 'inconclusive',
  'GRANT-TBL-13 frontend/vbd': 'fail',
  'XENBUS-SM-04 frontend/vbd': 'pass',
  'XENBUS-SM-08 frontend/vbd': 'fail',
  'XENBUS-NODE-01 frontend/vbd': 'fail',
  'BLKIF-NEG-02 frontend/vbd': 'pass',
  'BLKIF-REQ-02 frontend/vbd': 'pass',
  'XENBUS-SM-18 frontend/vif': 'pass',
  'NETIF-TX-01 frontend/vif': 'pass',
  'NETIF-RX-01 frontend/vif': 'pass',
  'NETIF-RX-12 frontend/vif': 'fail',
  'CONS-RING-01 frontend/console': 'pass',
} as const;

testWith(missing, "Linux's own frontends are judged by what their backends and the store see", async (t) => {
  t.timeout(300_000);
  if ('missing' in guest) throw new Error(guest.missing);
  const {kernel, ramdisk} = guest.image;
  const iut = await loadIut(await kernelSource({kernel, initrd: ramdisk}));
  const seen: Record<string, string> = {};
  for (const name of Object.keys(verdicts)) {
    const check = checks.find((each) => each.name === name);
    if (check === undefined) throw new Error(`no check ${name}`);
    seen[name] = (await runCheck(check, iut)).verdict;
  }
  t.deepEqual(seen, verdicts);
});

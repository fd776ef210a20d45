import {ConsoleDaemon} from '../../../backends/console/index.ts';
import {HvcConsole} from '../../../frontends/console/index.ts';
import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../../hypervisor/abi/hvm/params.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, type BenchJob, forEachGuest} from '../driver.ts';
import {ByteSink} from './byte-sink.ts';

const GUEST_PAGES = 64;
/** What the ring holds. */
const MAX_BYTES = 2048;

/** hvc0 with xenconsoled behind it. */
const consolePv: BenchDriver = {
  name: 'pv',
  device: 'console',
  kind: 'pv',
  about: 'hvc0: a ring of 2 KiB',
  operations: ['out'],
  limits: {minBytes: 1, maxBytes: MAX_BYTES, stepBytes: 1, maxDepth: 1, maxQueues: 1},
  start: async (rig, point) => {
    const daemon = new ConsoleDaemon({ops: rig.dom0.ops, xs: rig.dom0.xs});
    return forEachGuest(point, () => connectConsole(rig, daemon, point.sizeBytes));
  },
};

const connectConsole = async (rig: Rig, daemon: ConsoleDaemon, sizeBytes: number): Promise<BenchJob> => {
  const {domain, ops} = await rig.createGuest({pages: GUEST_PAGES});
  const console = HvcConsole.connect(ops);
  if (console === undefined) throw new Error('the guest has no console');
  const sink = new ByteSink(sizeBytes, (bytes) => console.write(bytes));
  daemon.output.subscribe((chunk) => {
    if (chunk.domid === domain.id) sink.take(chunk.bytes.length);
  });
  const nodes = {
    type: 'xenconsoled',
    limit: '1048576',
    'ring-ref': String(ops.hvmParam(HVM_PARAM_CONSOLE_PFN)),
    port: String(ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN)),
  };
  const {xs} = rig.dom0;
  for (const [key, value] of Object.entries(nodes)) await xs.write(`/local/domain/${domain.id}/console/${key}`, value);
  daemon.add(domain.id);
  return sink;
};

export const consoleDrivers: readonly BenchDriver[] = [consolePv];

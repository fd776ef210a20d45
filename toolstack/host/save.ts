import {resolve} from 'node:path';
import {HVM_PARAM_CONSOLE_PFN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {SHUTDOWN_suspend} from '../../hypervisor/abi/sched.ts';
import type {Domain, DomId} from '../../hypervisor/index.ts';
import {configToJson, type DomainConfig, formatJson} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {diskTarget} from './devices.ts';
import {type DomainRecord, exclusively} from './record.ts';
import {type SaveTarget, writeWhole} from './save-file.ts';
import {encodeHeader, type HeaderInfo, type SavedState} from './save-header.ts';
import type {RamDiskOf} from './ram-disks.ts';
import {diskRecords, pageRecords} from './save-pages.ts';
import {streamEnd, streamStart} from './save-stream.ts';
import {suspendGuest, type SuspendParts} from './save-suspend.ts';

export interface SaveOptions {
  /** Written in place of the domain's own configuration. */
  readonly config?: DomainConfig;
  /** The saved domain gets its number again, or is not restored. */
  readonly preserveDomid?: boolean;
  /** What becomes of the domain; it is destroyed by default. */
  readonly leave?: 'destroyed' | 'running' | 'paused';
}

export interface SaveParts extends SuspendParts {
  readonly destroy: (domid: DomId) => Promise<void>;
  /** Contents of a disk that is in memory. */
  readonly ramDisk: RamDiskOf;
}

/** Domains that are about to be saved: each at most once at a time. */
const underway = new WeakSet<DomainRecord>();

const TSC_KHZ = 1_000_000;

/**
 * Suspends a domain and writes it to a file, as libxl does. When that fails the domain goes on, and there is no file.
 * Returns what xl tells of the file.
 */
export const saveDomain = async (
  parts: SaveParts,
  record: DomainRecord,
  file: string,
  options: SaveOptions,
): Promise<HeaderInfo> => {
  const {xen} = parts;
  const {domid} = record;
  const domain = savable(parts, record);
  underway.add(record);
  try {
    const info = await writeWhole(file, async (output) => {
      await suspendGuest(parts, domid);
      return exclusively(record, () => write(parts, record, domain, output, options));
    }).catch(async (error: unknown) => {
      await goOn(parts, domain);
      throw error;
    });
    if (options.leave === 'paused') xen.pause(domain);
    if ((options.leave ?? 'destroyed') === 'destroyed') await parts.destroy(domid);
    else await goOn(parts, domain);
    return info;
  } finally {
    underway.delete(record);
  }
};

const savable = ({xen}: SaveParts, record: DomainRecord): Domain => {
  const {domid} = record;
  const domain = xen.domain(domid);
  const refuse = (code: string, reason: string): ToolstackError =>
    new ToolstackError(code, `libxl: error: Domain ${domid}:${reason}`);
  if (domain === undefined || record.destroying !== undefined) throw refuse('ESRCH', 'Non-existant domain');
  if (underway.has(record)) throw refuse('EBUSY', 'is being saved already');
  if (record.config.libxl.buildInfo.disable_migrate === 'True') throw refuse('EPERM', 'nomigrate=1 forbids to save it');
  if (domain.vcpus.some((vcpu) => vcpu.saveContext === undefined)) {
    throw refuse('EOPNOTSUPP', 'the built-in kernel and guest programs cannot be saved, kernels of their own can');
  }
  return domain;
};

const write = async (
  {clock, xen, xs, ramDisk}: SaveParts,
  record: DomainRecord,
  domain: Domain,
  output: SaveTarget,
  options: SaveOptions,
): Promise<HeaderInfo> => {
  if (record.destroying !== undefined || domain.shutdownReason !== SHUTDOWN_suspend) {
    throw new ToolstackError('ESRCH', `libxl: error: Domain ${record.domid}:guest we were suspending has gone`);
  }
  const target = await xs.read(`/local/domain/${record.domid}/memory/target`);
  const config = options.config ?? {...savedConfig(record), memoryKib: Number(target)};
  const {totalPages, podPages, createdNs} = xen.domainTable.get(record.domid)!;
  const ramDisks = contentsOf(record, ramDisk);
  const state: Omit<SavedState, 'format'> = {
    config,
    baseDir: record.baseDir,
    pages: totalPages,
    podPages,
    frames: domain.sharedInfoGfn,
    ramDisks: ramDisks.map(([vdev]) => vdev),
    ...(options.preserveDomid === true && {domid: record.domid}),
  };
  const header = encodeHeader(formatJson(configToJson(config, {created: true})), state);
  await output.write(header.bytes);
  await output.write(streamStart());
  for (const pages of pageRecords(domain)) await output.write(pages);
  await output.write(
    streamEnd({
      tscKhz: TSC_KHZ,
      elapsedNs: clock.now() - createdNs,
      params: [HVM_PARAM_STORE_PFN, HVM_PARAM_CONSOLE_PFN].map((index) => [index, domain.hvmParams.get(index) ?? 0]),
      context: domain.vcpus[0].saveContext!(),
    }),
  );
  for (const [, contents] of ramDisks) for (const blocks of diskRecords(contents)) await output.write(blocks);
  return header.info;
};

const contentsOf = ({config, devices}: DomainRecord, ramDisk: RamDiskOf): [vdev: string, contents: Uint8Array][] =>
  config.disks.flatMap(({vdev}) => {
    const contents = ramDisk({devices}, vdev);
    return contents === undefined ? [] : [[vdev, contents]];
  });

/** As the domain is now, with paths that hold wherever it is restored from. */
const savedConfig = ({config, baseDir}: DomainRecord): DomainConfig => ({
  ...config,
  kernel: config.kernel === undefined ? undefined : resolve(baseDir, config.kernel),
  ramdisk: config.ramdisk === undefined ? undefined : resolve(baseDir, config.ramdisk),
  disks: config.disks.map((disk) => ({...disk, target: diskTarget(disk, baseDir)})),
});

/** SCHEDOP_shutdown returns in the guest, and says that it was not restored. */
const goOn = async ({xen, xs}: SaveParts, domain: Domain): Promise<void> => {
  if (domain.dying) return;
  await xs.resume(domain.id);
  xen.resume(domain);
};

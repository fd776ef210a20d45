import type {Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {TxId, XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import type {DomainRecord} from './record.ts';

const KIB_PER_PAGE = PAGE_SIZE / 1024;
/** What a domain may have over its memory, for rounding. @see libxl, LIBXL_MAXMEM_CONSTANT */
export const MAXMEM_SLACK_KIB = 1024;

/** A domain's memory while it runs: its balloon follows the target, the hypervisor holds it to the limit. */
export class MemoryControl {
  private readonly xen: Hypervisor;
  private readonly xs: XsClient;

  constructor(xen: Hypervisor, xs: XsClient) {
    this.xen = xen;
    this.xs = xs;
  }

  /** In libxl's steps. EINVAL beyond static-max. @see golden/handshake, "22-mem-set" */
  async setTarget(record: DomainRecord, targetKib: number): Promise<void> {
    const {domid, config} = record;
    await this.xs.transaction(async (tx) => {
      await this.number(domid, 'target', tx);
      const staticMaxKib = await this.number(domid, 'static-max', tx);
      if (targetKib > staticMaxKib) {
        throw refusal(domid, 'memory_dynamic_max must be less than or equal to memory_static_max\n');
      }
      await this.xs.write(`/local/domain/${domid}/memory/target`, String(targetKib), tx);
      await this.xs.write(`/vm/${config.uuid}/memory`, String(Math.floor(targetKib / 1024)), tx);
    });
    this.limit(domid, targetKib);
    record.config = {...config, memoryKib: targetKib};
  }

  /** In libxl's steps: then the target may be as high. EINVAL below the target. @see golden/handshake, "22-mem-set" */
  async setMax({domid}: DomainRecord, maxKib: number): Promise<void> {
    const targetKib = await this.number(domid, 'target');
    if (maxKib < targetKib) {
      throw refusal(domid, 'memory_static_max must be greater than or or equal to memory_dynamic_max');
    }
    this.limit(domid, maxKib);
    await this.xs.write(`/local/domain/${domid}/memory/static-max`, String(maxKib));
  }

  private limit(domid: number, kib: number): void {
    const domain = this.xen.domain(domid);
    if (domain !== undefined) this.xen.setMaxPages(domain, Math.ceil((kib + MAXMEM_SLACK_KIB) / KIB_PER_PAGE));
  }

  private async number(domid: number, node: string, tx?: TxId): Promise<number> {
    const path = `/local/domain/${domid}/memory/${node}`;
    const text = await this.xs.read(path, tx);
    if (text !== undefined && /^\d+$/.test(text)) return Number(text);
    throw refusal(domid, `Cannot get memory info from ${path}`);
  }
}

const refusal = (domid: number, reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `libxl: error: Domain ${domid}:${reason}`);

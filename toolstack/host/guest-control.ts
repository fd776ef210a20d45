import {first, firstValueFrom, map, merge, Observable} from 'rxjs';
import {SHUTDOWN_suspend} from '../../hypervisor/abi/sched.ts';
import type {Hypervisor} from '../../hypervisor/index.ts';
import {NS_PER_S, type Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import type {ShutdownTrigger} from './api.ts';
import type {Names} from './names.ts';
import type {DomainRecord} from './record.ts';
import {suspendGuest} from './save-suspend.ts';
import {waitForNode} from './wait.ts';

/** libxl's patience with a guest that was asked to shut down. */
const ACKNOWLEDGE_TIMEOUT_NS = 60 * NS_PER_S;

/** What the toolstack asks of a running guest through its xenstore nodes. */
export class GuestControl {
  private readonly clock: Schedule;
  private readonly xen: Hypervisor;
  private readonly xs: XsClient;
  private readonly names: Names;

  constructor(clock: Schedule, xen: Hypervisor, xs: XsClient, names: Names) {
    this.clock = clock;
    this.xen = xen;
    this.xs = xs;
    this.names = names;
  }

  /** Writes control/shutdown; resolves when the guest has taken the request. ETIMEDOUT. */
  async requestShutdown({domid}: DomainRecord, trigger: ShutdownTrigger): Promise<void> {
    const node = `/local/domain/${domid}/control/shutdown`;
    await this.xs.write(node, trigger);
    const taken = (value: string | undefined): boolean => value === undefined || value === '';
    if (await waitForNode(this.clock, this.xs, node, taken, ACKNOWLEDGE_TIMEOUT_NS)) return;
    // Withdrawn, unless the guest takes it at this very moment.
    await this.xs.write(node, '');
    throw new ToolstackError('ETIMEDOUT', `libxl: error: Domain ${domid}:guest didn't acknowledge control request: -9`);
  }

  async sendSysrq({domid}: DomainRecord, letter: string): Promise<void> {
    await this.xs.write(`/local/domain/${domid}/control/sysrq`, letter);
  }

  /** Asks the guest to suspend and waits until it has: it stays in memory as it is. EOPNOTSUPP when it is TypeScript. */
  async suspend({domid}: DomainRecord): Promise<void> {
    const {clock, xen, xs} = this;
    if (xen.domain(domid)?.vcpus.some((vcpu) => vcpu.saveContext === undefined) !== false) {
      throw refusal('EOPNOTSUPP', domid, 'the built-in kernel and guest programs cannot be suspended');
    }
    await suspendGuest({clock, xen, xs}, domid);
  }

  /** EINVAL when it has not suspended. */
  async resume({domid}: DomainRecord): Promise<void> {
    const domain = this.xen.domain(domid);
    if (domain?.shutdownReason !== SHUTDOWN_suspend) throw refusal('EINVAL', domid, 'Domain has not been suspended');
    await this.xs.resume(domid);
    this.xen.resume(domain);
  }

  /** Asks the guest to power off and waits until it has, at most `graceNs`. */
  async shutDownWithin({domid}: DomainRecord, graceNs: number): Promise<void> {
    await this.xs.write(`/local/domain/${domid}/control/shutdown`, 'poweroff');
    const down = this.xen.domainEvents.pipe(
      first((event) => event.domid === domid && event.type === 'shutdown', undefined),
      map(() => undefined),
    );
    const late = new Observable<undefined>((subscriber) => {
      const timer = this.clock.after(graceNs, () => subscriber.next(undefined));
      return () => timer.cancel();
    });
    await firstValueFrom(merge(down, late));
  }

  /** EEXIST when another domain has the name. */
  async rename(record: DomainRecord, name: string): Promise<void> {
    const {domid} = record;
    const owner = this.names.byName(name);
    if (owner !== undefined && owner !== domid) {
      throw new ToolstackError('EEXIST', `libxl: error: Domain ${domid}:Domain with name "${name}" already exists.`);
    }
    await this.xs.transaction(async (tx) => {
      await this.xs.write(`/local/domain/${domid}/name`, name, tx);
      await this.xs.write(`/vm/${record.config.uuid}/name`, name, tx);
    });
    record.config = {...record.config, name};
  }
}

const refusal = (code: string, domid: number, reason: string): ToolstackError =>
  new ToolstackError(code, `libxl: error: Domain ${domid}:${reason}`);

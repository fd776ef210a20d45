import type {Connection} from './connection.ts';
import type {Quota} from './quota.ts';

/** What the store knows of a domain, from the first time that it is introduced or named in permissions. */
export class Domain {
  readonly domId: number;
  /** Of the store when this domain became known: permissions given before do not mean this domain. */
  readonly generation: number;
  introduced = false;
  /** It has shut down, and @releaseDomain has told so. */
  shutdown = false;
  /** Nodes it owns. */
  nodes = 0;
  watches = 0;
  /** Requests whose reply or events are still queued. */
  outstanding = 0;
  /** Writes that it may make at once. @see WriteRate */
  writeCredit = 0;
  /** The log has been told that too much is queued for it; it will be told no more before that time. */
  reportedOver = false;
  nextReportNs = 0;
  targetId: number | undefined;
  /** Server features that it is offered, if not all. */
  features: number | undefined;
  /** Limits of its own. */
  quota: Partial<Quota> | undefined;
  /** The connection over its ring, while introduced. */
  connection: Connection | undefined;

  constructor(domId: number, generation: number) {
    this.domId = domId;
    this.generation = generation;
  }
}

/** The domains known to the store. */
export class Domains {
  private readonly byId = new Map<number, Domain>();
  /** Counts what changes about the domains, but for what they have and use. */
  version = 0;
  private readonly existsInXen: (domId: number) => boolean;
  private readonly generation: () => number;

  constructor(existsInXen: (domId: number) => boolean, generation: () => number) {
    this.existsInXen = existsInXen;
    this.generation = generation;
  }

  /** All that are known. */
  all(): Iterable<Domain> {
    return this.byId.values();
  }

  clear(): void {
    this.byId.clear();
  }

  /** Makes a domain known as it was when the store was saved. */
  load(domId: number, generation: number): Domain {
    const domain = new Domain(domId, generation);
    this.byId.set(domId, domain);
    return domain;
  }

  find(domId: number): Domain | undefined {
    return this.byId.get(domId);
  }

  findIntroduced(domId: number): Domain | undefined {
    const domain = this.byId.get(domId);
    return domain?.introduced ? domain : undefined;
  }

  /** Makes a domain known that is about to be introduced. */
  know(domId: number): Domain {
    const known = this.byId.get(domId);
    if (known !== undefined) return known;
    const domain = new Domain(domId, this.generation());
    this.byId.set(domId, domain);
    this.version++;
    return domain;
  }

  /** Makes a domain known if Xen has it. */
  knowExisting(domId: number): Domain | undefined {
    return this.byId.get(domId) ?? (this.existsInXen(domId) ? this.know(domId) : undefined);
  }

  forget(domId: number): void {
    this.byId.delete(domId);
    this.version++;
    for (const domain of this.byId.values()) if (domain.targetId === domId) domain.targetId = undefined;
  }

  /** The domain is known, and was when a record of that generation was written. */
  readonly isSince = (domId: number, generation: number): boolean => {
    const domain = this.byId.get(domId);
    return domain !== undefined && domain.generation <= generation;
  };
}

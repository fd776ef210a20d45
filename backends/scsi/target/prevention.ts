import type {Nexus} from './api.ts';

/** Which initiators forbid that the medium be taken out. @see SPC-4, "PREVENT ALLOW MEDIUM REMOVAL command" */
export class Prevention {
  private readonly names = new Set<string>();

  get isPrevented(): boolean {
    return this.names.size > 0;
  }

  set({name}: Nexus, prevent: boolean): void {
    if (prevent) this.names.add(name);
    else this.names.delete(name);
  }

  /** @see SPC-4, "PREEMPT AND ABORT": a preempted nexus prevents no longer */
  drop(name: string): void {
    this.names.delete(name);
  }

  clear(): void {
    this.names.clear();
  }
}

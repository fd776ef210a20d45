import type {Subscription} from 'rxjs';
import type {XsClient} from '../hypervisor/xenstore/index.ts';

/** A backend whose frontend's domain may die without a word. */
export interface PeerChecked {
  /** Some domain has died: looks whether it was the frontend's. */
  checkPeer(): void;
}

/** The one watch for deaths of domains that all backends of a driver share, for as long as there are any. */
export class PeerDeaths<T extends PeerChecked> {
  private readonly backends = new Set<T>();
  private watch: Subscription | undefined;

  add(backend: T, xs: XsClient): void {
    this.backends.add(backend);
    this.watch ??= xs
      .watch('@releaseDomain')
      .subscribe({next: () => this.backends.forEach((each) => each.checkPeer()), error: () => undefined});
  }

  remove(backend: T): void {
    this.backends.delete(backend);
    if (this.backends.size > 0) return;
    this.watch?.unsubscribe();
    this.watch = undefined;
  }
}

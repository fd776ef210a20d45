/**
 * Where a domain's events lie in its memory, one of two ABIs. Both halves are here: what the hypervisor does to the
 * words, and what a kernel's upcall does.
 * @see event_channel.h
 */
export interface EventWords {
  /** Ports 1..maxPorts-1 can exist. */
  readonly maxPorts: number;
  isPending(port: number): boolean;
  /** Sets the pending bit; false when it was set already. */
  setPending(port: number): boolean;
  clearPending(port: number): void;
  isMasked(port: number): boolean;
  mask(port: number): void;
  clearMask(port: number): void;
  /** Makes a pending port that is not masked known to its vCPU; true when the vCPU has to be told now. */
  raise(vcpu: number, port: number): boolean;
  /**
   * What a kernel's upcall does: takes what is pending and not masked, clears each pending bit and hands the port over.
   * Returns the number of ports.
   */
  takePending(vcpu: number, handle: (port: number) => void): number;
}

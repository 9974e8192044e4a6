/** One thing that a host should have. `optional`: it is not there, and everything works all the same. */
export interface HostCheck {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'optional';
  readonly found: string;
  /** What to do; empty where all is well. */
  readonly remedy: string;
}

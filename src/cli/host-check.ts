/**
 * One thing that a host should have. `optional`: it is not there, and everything works all the same; `warning`: it is there, and
 * works less well than it could.
 */
export interface HostCheck {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'optional' | 'warning';
  readonly found: string;
  /** What to do; empty where all is well. */
  readonly remedy: string;
}

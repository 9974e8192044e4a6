/** The unprivileged user that runs what contestants made. */
export interface AgentUser {
  readonly uid: number;
  readonly gid: number;
}

/** Where the server is root, the contestant is this user, of whom a host normally has none. */
const AGENT_FOR_ROOT: AgentUser = { uid: 10_001, gid: 10_001 };

/** Files that the contestant makes belong to the server's own user, so that it can read and remove them; never to root. */
export function agentUser(): AgentUser {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? AGENT_FOR_ROOT : { uid, gid };
}

import { fileURLToPath } from 'node:url';

/** Absolute path of the resident program. It lies beside the compiled code too. */
export const EXECUTOR_PROGRAM = fileURLToPath(new URL('./executor.py', import.meta.url));

/** What `executor.py` is told at its start; it documents the fields. */
export interface ExecutorSettings {
  readonly run_id: string;
  readonly workspace: string;
  readonly data: string | null;
  readonly jobs_folder: string;
  readonly state_file: string;
  readonly quota_folders: readonly string[];
  readonly disk_limit_bytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly socket: string | null;
  readonly socket_mode?: number;
  readonly agent?: { readonly uid: number; readonly gid: number };
  readonly owns_processes?: boolean;
  readonly log_file?: string;
  readonly clock_file?: string;
  readonly egress?: { readonly socket: string; readonly port: number };
}

/** Arguments for a Python interpreter: isolated from the environment, from user packages and from the current folder. */
export function executorArguments(
  mode: 'serve' | 'sweep',
  settings: ExecutorSettings,
  program = EXECUTOR_PROGRAM,
): string[] {
  return ['-I', '-S', '-B', program, mode, JSON.stringify(settings)];
}

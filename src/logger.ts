import { type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A logger on standard error: standard output belongs to JSON-RPC and to the tables of the command line. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    { level, base: null, redact: { paths: ['*.token', '*.key', '*.authorization'], censor: '[redacted]' } },
    pino.destination({ fd: 2, sync: true }),
  );
}

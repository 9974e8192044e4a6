#!/usr/bin/env node
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig } from '../config.js';
import { ConfigError, errorCode, InputError, isKnownError } from '../errors.js';
import { homeFault, refuseImpossibleHome } from '../lib/home-folder.js';
import { createProgress } from '../lib/progress.js';
import { createLogger } from '../logger.js';
import { Interrupted } from './command.js';
import { parseCommandLine } from './command-line.js';

const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;
const STOPPED = 130;
const LAST_WORDS_MS = 1000;

process.stdout.on('error', endOnBrokenPipe);
process.stderr.on('error', () => undefined);
const abort = new AbortController();
listenForSignals();
const exitCode = await main(process.argv.slice(2));
await Promise.race([Promise.all([process.stdout, process.stderr].map(written)), askedToEnd()]);
process.exit(exitCode);

async function main(argv: readonly string[]): Promise<number> {
  let config: Config | undefined;
  try {
    const parsed = await parseCommandLine(argv);
    if (parsed.type === 'help') {
      print(parsed.text);
      return DONE;
    }
    config = readSettings(parsed.flags, parsed.configFile);
    const progress = await createProgress(process.stderr);
    try {
      const context = { config, signal: abort.signal, print, progress, log: createLogger(config.log_level) };
      return await parsed.command.execute(parsed.input, context);
    } finally {
      progress.clear();
    }
  } catch (error) {
    return explain(error, config);
  }
}

/** A wrong setting is wrong usage, wherever it stands. */
function readSettings(flags: Readonly<Record<string, string | undefined>>, file: string | undefined): Config {
  try {
    const config = loadConfig({ flags, env: process.env, file });
    refuseImpossibleHome(config.home);
    return config;
  } catch (error) {
    throw error instanceof ConfigError ? new InputError(error.message, { cause: error }) : error;
  }
}

/** The first one asks for an orderly end; a second Ctrl-C does not wait for it. */
function listenForSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (abort.signal.aborted && signal === 'SIGINT') process.exit(STOPPED);
      abort.abort(new Interrupted(signal));
    });
  }
  process.on('SIGXFSZ', () => undefined); // the write that a limit on files forbids fails by itself; the lock library would end us
}

function explain(error: unknown, config: Config | undefined): number {
  if (abort.signal.aborted) {
    say('Stopped.');
    return STOPPED;
  }
  const known = isKnownError(error) || isRefusal(error) ? error : config && homeFault(error, config.home);
  if (known !== undefined) {
    say(known.message);
    return known instanceof InputError ? WRONG_USAGE : FAILED;
  }
  say(`mlrb met a fault of its own. ${writeFault(error, config)}`);
  return FAILED;
}

/** The server's sentence to a client of ours. Told by its name: loading the client library here would slow every start. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ToolRefusal';
}

function writeFault(error: unknown, config: Config | undefined): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause =
    error instanceof Error && error.cause !== undefined ? `\ncaused by: ${String(error.cause)}` : '';
  const entry = `${new Date().toISOString()} mlrb ${process.argv.slice(2).join(' ')}\n${details}${cause}\n\n`;
  if (config === undefined) return `Its details: ${details}`;
  const path = join(config.home, 'faults.log');
  try {
    mkdirSync(config.home, { recursive: true });
    appendFileSync(path, entry);
    return `The details are in ${path}: please report them.`;
  } catch {
    return `Its details: ${details}`;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Resolves when all that was printed is out: to end before cuts off what a slow reader of a pipe has not taken yet. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => stream.write('', () => resolve()));
}

/** Nobody waits for a reader who takes nothing longer than for the end that was asked for. */
async function askedToEnd(): Promise<void> {
  if (abort.signal.aborted) await sleep(LAST_WORDS_MS);
  else await once(abort.signal, 'abort');
}

/** Whoever read our output has enough, as in `mlrb runs | head`. */
function endOnBrokenPipe(error: Error): void {
  if (errorCode(error) === 'EPIPE') abort.abort(new Interrupted('SIGPIPE'));
}

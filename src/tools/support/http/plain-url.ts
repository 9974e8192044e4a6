const SECRET = /^(api_?key|key|token|access_token|mailto|email|signature|sig|x-amz-.*)$/i;

/** An address as it may be recorded: without keys, names and passwords. */
export function plainUrl(url: URL): string {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  plain.hash = '';
  for (const name of [...plain.searchParams.keys()]) {
    if (SECRET.test(name)) plain.searchParams.delete(name);
  }
  return plain.href;
}

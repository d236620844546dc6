import { describe, expect, test } from "@jest/globals";
import { bypassesProxy } from "./no-proxy.ts";

describe("what needs no proxy", () => {
  const table: readonly [name: string, url: string, noProxy: string | null, bypasses: boolean][] = [
    ["nothing is excepted", "https://api.kloudmate.com/x", null, false],
    ["an empty list excepts nothing", "https://api.kloudmate.com/x", " , ", false],
    ["a star excepts everything", "https://api.kloudmate.com/x", "*", true],
    ["a name excepts itself", "https://api.kloudmate.com/x", "api.kloudmate.com", true],
    ["a name excepts what is below it", "https://api.kloudmate.com/x", "kloudmate.com", true],
    ["a name doesn't except what only ends like it", "https://api.notkloudmate.com/x", "kloudmate.com", false],
    ["a leading dot excepts what is below", "https://api.kloudmate.com/x", ".kloudmate.com", true],
    ["a leading dot doesn't except the name itself", "https://kloudmate.com/x", ".kloudmate.com", false],
    ["a leading star and dot is the same", "https://api.kloudmate.com/x", "*.kloudmate.com", true],
    ["capitals don't matter", "https://API.kloudmate.com/x", "Kloudmate.COM", true],
    ["a final dot doesn't matter", "https://api.kloudmate.com./x", "api.kloudmate.com", true],
    ["one of several, by comma and blank", "https://api.kloudmate.com/x", "a.test, b.test kloudmate.com", true],
    ["a port must fit", "https://api.kloudmate.com:8443/x", "api.kloudmate.com:443", false],
    ["a port that fits", "https://api.kloudmate.com:8443/x", "api.kloudmate.com:8443", true],
    ["the scheme's own port", "https://api.kloudmate.com/x", "api.kloudmate.com:443", true],
    ["a block of addresses", "https://10.1.2.3/x", "10.0.0.0/8", true],
    ["an address outside of the block", "https://11.1.2.3/x", "10.0.0.0/8", false],
    ["a block says nothing of names", "https://api.kloudmate.com/x", "0.0.0.0/0", false],
    ["a block of v6", "https://[fd00::1]:8443/x", "fd00::/8", true],
    ["one v6 address in another spelling", "https://[fd00::1]/x", "FD00:0:0:0:0:0:0:1", true],
    ["a v6 address with port", "https://[fd00::1]:8443/x", "[fd00::1]:8443", true],
    ["one address", "https://10.1.2.3/x", "10.1.2.3", true],
    ["nonsense is passed over", "https://10.1.2.3/x", "10.0.0.0/99,/,:,[,10.0.0.0/", false],
    ["loopback never needs one", "https://127.0.0.1:1/x", null, true],
    ["v6 loopback never needs one", "https://[::1]:1/x", null, true],
    ["localhost never needs one", "https://localhost/x", null, true],
  ];
  test.each(table)("%s", (_name, url, noProxy, bypasses) => {
    expect(bypassesProxy(new URL(url), noProxy)).toBe(bypasses);
  });
});

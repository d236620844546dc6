import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { htpasswd, registryConfig } from "./registry.ts";

describe("registryConfig", () => {
  const settings = { address: "10.88.255.1:5000", dataDir: "/var/lib/r" };

  it("serves files on the address, open to all", () => {
    expect(parse(registryConfig(settings))).toMatchObject({
      storage: { filesystem: { rootdirectory: "/var/lib/r" } },
      http: { addr: "10.88.255.1:5000" },
    });
    expect(parse(registryConfig(settings))).not.toHaveProperty("auth");
  });

  it("asks for a user where there is a file of them", () => {
    expect(parse(registryConfig({ ...settings, htpasswdFile: "/etc/h" }))).toHaveProperty(
      "auth.htpasswd.path",
      "/etc/h",
    );
  });
});

describe("htpasswd", () => {
  it("hashes the password with bcrypt, salted", () => {
    const line = htpasswd("puller", "correct horse");
    expect(line).toMatch(/^puller:\$2b\$05\$[./A-Za-z0-9]{53}\n$/);
    expect(htpasswd("puller", "correct horse")).not.toBe(line);
  });
});

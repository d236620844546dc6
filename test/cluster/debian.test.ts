import { describe, expect, it } from "@jest/globals";
import { missingPackages } from "./debian.ts";

const STATUS = `Package: runc
Status: install ok installed
Architecture: amd64

Package: socat
Status: deinstall ok config-files

Package: buildah
Status: hold ok installed

Package: containerd
Status: install ok half-configured
`;

describe("missingPackages", () => {
  it.each([
    { name: "an installed package isn't missing", asked: ["runc"], missing: [] },
    { name: "nor is one that is held", asked: ["buildah"], missing: [] },
    { name: "a removed one is, though its configuration is there", asked: ["socat"], missing: ["socat"] },
    { name: "a half installed one is", asked: ["containerd"], missing: ["containerd"] },
    { name: "one that dpkg never heard of is", asked: ["run", "runc"], missing: ["run"] },
  ])("$name", ({ asked, missing }) => {
    expect(missingPackages(STATUS, asked)).toEqual(missing);
  });
});

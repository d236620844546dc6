import { describe, expect, test } from "@jest/globals";
import { surroundingsOf } from "./surroundings.ts";

describe("what the environment tells of a cluster", () => {
  test("is nothing where it says nothing", () => {
    const nothing = { registry: undefined, privateRegistry: undefined, hostAddress: undefined };
    expect(surroundingsOf({})).toEqual(nothing);
    expect(surroundingsOf({ KM_REGISTRY: "", KM_PRIVATE_REGISTRY: "", KM_HOST_ADDRESS: "" })).toEqual(nothing);
  });

  test("is a registry for all, one with a password, and this machine's address", () => {
    const environment = {
      KM_REGISTRY: "registry.example.com:5000",
      KM_PRIVATE_REGISTRY: "tester:pass:word@registry.example.com",
      KM_HOST_ADDRESS: "192.0.2.1",
    };
    expect(surroundingsOf(environment)).toEqual({
      registry: { host: "registry.example.com:5000" },
      privateRegistry: {
        host: "registry.example.com",
        credentials: { username: "tester", password: "pass:word" },
      },
      hostAddress: "192.0.2.1",
    });
  });

  test.each(["https://registry.example.com", "user@registry.example.com", "registry.example.com/team"])(
    "is refused where a registry is %s, without telling what it was",
    (text) => {
      expect(() => surroundingsOf({ KM_REGISTRY: text })).toThrow(
        /^KM_REGISTRY must be host:port or user:password@host:port$/,
      );
    },
  );
});

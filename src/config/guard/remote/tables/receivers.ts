import { HOST_ROOT } from "../../../defaults/building-blocks.ts";
import { kubeletEndpoint, listener, receiverEndpoint } from "../places.ts";
import {
  all,
  data,
  duration,
  filled,
  flag,
  interval,
  intervalOrOff,
  list,
  mapOf,
  matching,
  never,
  oneOf,
  record,
  someOf,
  text,
  timeout,
  whole,
} from "../shape.ts";
import type { Shape } from "../shape.ts";
import { receiverTls, receiverTlsAlways } from "./client-tls.ts";
import { FILELOG } from "./filelog.ts";
import { authType } from "./processors.ts";
import { PROMETHEUS } from "./prometheus.ts";

const name = text(256);
const switches = mapOf(record({ enabled: flag }, { required: ["enabled"] }), 512);
/** What every scraping receiver has. */
const SCRAPING = {
  collection_interval: interval,
  initial_delay: timeout,
  timeout,
  metrics: switches,
  resource_attributes: switches,
};
/** Kubernetes' own words: names of kinds, conditions, namespaces. */
const word = matching(/^[A-Za-z0-9./-]{1,253}$/, "a name as Kubernetes has them");
const words = list(word, 64);

const OTLP_NO_TLS = "certificates of a listener are files of the node";
const urlPath = matching(/^\/?[A-Za-z0-9._~/-]{0,256}$/, "a plain path, such as /v1/traces");
const buffer = whole(0, 16_777_216);

const otlp = record(
  {
    protocols: all(
      someOf("grpc", "http"),
      record({
        grpc: record({
          endpoint: listener(4_317),
          transport: oneOf("tcp", "tcp4", "tcp6"),
          max_recv_msg_size_mib: whole(1, 64),
          max_concurrent_streams: whole(0, 10_000),
          read_buffer_size: buffer,
          write_buffer_size: buffer,
          include_metadata: flag,
          keepalive: record({
            server_parameters: record({
              // A connection that is closed is opened again by its client.
              max_connection_idle: intervalOrOff,
              max_connection_age: intervalOrOff,
              max_connection_age_grace: timeout,
              time: intervalOrOff,
              timeout,
            }),
            enforcement_policy: record({ min_time: timeout, permit_without_stream: flag }),
          }),
          tls: never(OTLP_NO_TLS),
        }),
        http: record({
          endpoint: listener(4_318),
          cors: record({
            allowed_origins: list(text(256), 64),
            allowed_headers: list(text(256), 64),
            max_age: whole(0, 86_400),
          }),
          max_request_body_size: whole(0, 67_108_864),
          include_metadata: flag,
          compression_algorithms: list(oneOf("", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4"), 8),
          read_timeout: timeout,
          read_header_timeout: timeout,
          write_timeout: timeout,
          idle_timeout: timeout,
          keep_alives_enabled: flag,
          traces_url_path: urlPath,
          metrics_url_path: urlPath,
          logs_url_path: urlPath,
          tls: never(OTLP_NO_TLS),
        }),
      }),
    ),
  },
  { required: ["protocols"] },
);

const matchType = oneOf("strict", "regexp");
const matched = (kind: string) => record({ [kind]: list(text(1_024), 256), match_type: matchType });
const plainScraper = { metrics: switches };
const inclusion = (kind: string) => ({ include: matched(kind), exclude: matched(kind) });

const hostmetrics = record(
  {
    collection_interval: interval,
    initial_delay: timeout,
    timeout,
    metadata_collection_interval: intervalOrOff,
    root_path: oneOf(HOST_ROOT),
    scrapers: all(
      filled,
      record({
        cpu: record(plainScraper),
        disk: record({ ...plainScraper, ...inclusion("devices") }),
        filesystem: record({
          ...plainScraper,
          include_virtual_filesystems: flag,
          include_devices: matched("devices"),
          exclude_devices: matched("devices"),
          include_fs_types: matched("fs_types"),
          exclude_fs_types: matched("fs_types"),
          include_mount_points: matched("mount_points"),
          exclude_mount_points: matched("mount_points"),
        }),
        load: record({ ...plainScraper, cpu_average: flag }),
        memory: record(plainScraper),
        network: record({ ...plainScraper, ...inclusion("interfaces") }),
        paging: record(plainScraper),
        process: record({
          ...plainScraper,
          resource_attributes: switches,
          ...inclusion("names"),
          mute_process_all_errors: flag,
          mute_process_name_error: flag,
          mute_process_exe_error: flag,
          mute_process_io_error: flag,
          mute_process_user_error: flag,
          mute_process_cgroup_error: flag,
          scrape_process_delay: duration(0, 3_600),
        }),
        processes: record(plainScraper),
        system: record(plainScraper),
      }),
    ),
  },
  { required: ["scrapers"] },
);

const kubeletstats = record(
  {
    ...SCRAPING,
    endpoint: kubeletEndpoint,
    auth_type: oneOf("serviceAccount"),
    // Kubelet's certificate is self-signed in most clusters, and the connection stays on the node.
    insecure_skip_verify: flag,
    node: oneOf("${env:KM_NODE_NAME}", "${KM_NODE_NAME}"),
    metric_groups: list(oneOf("container", "pod", "node", "volume"), 4),
    extra_metadata_labels: list(oneOf("container.id", "k8s.volume.type"), 2),
    k8s_api_config: record({ auth_type: authType }),
    collect_all_network_interfaces: record({ pod: flag, node: flag }),
  },
  { required: ["endpoint", "auth_type"] },
);

/** Secrets aren't telemetry, whatever rights the agents have. */
const objectName = matching(/^(?!secrets$)[a-z]{1,63}$/, "the plural name of a kind other than secrets");
const k8sobjects = record(
  {
    auth_type: authType,
    error_mode: oneOf("propagate", "ignore", "silent"),
    include_initial_state: flag,
    objects: list(
      record(
        {
          name: objectName,
          group: word,
          mode: oneOf("pull", "watch"),
          interval,
          namespaces: words,
          label_selector: text(1_024),
          field_selector: text(1_024),
          resource_version: matching(/^[0-9]{0,20}$/, "a resource version"),
          exclude_watch_type: list(oneOf("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"), 5),
        },
        { required: ["name"] },
      ),
      64,
      1,
    ),
  },
  { required: ["objects"] },
);

const credentials = { username: name, password: name };
/**
 * Some receivers put these into one text of settings for their driver, where a space, a quote or a slash would begin another
 * setting: another host, a file.
 */
const plainWord = matching(/^[A-Za-z0-9_$][A-Za-z0-9_.$-]{0,127}$/, "letters, digits, _, ., $ and - only");
const plainPassword = matching(/^[^\s'"\\/@()]{1,256}$/, "without spaces, quotes, slashes, brackets and @");
const plainCredentials = { username: plainWord, password: plainPassword };
const url = receiverEndpoint(["http", "https"]);
const hostAndPort = receiverEndpoint([""]);
const tcp = oneOf("tcp", "tcp4", "tcp6");

/** A receiver that dials out. Its address must be given, for the default would be the agent's own loopback. */
const dialer = (endpoint: Shape, more: Readonly<Record<string, Shape>> = {}) =>
  record({ ...SCRAPING, endpoint, tls: receiverTls, ...more }, { required: ["endpoint"] });

/** Receivers that a remote configuration may use. */
export const RECEIVERS: Readonly<Record<string, Shape>> = {
  otlp,
  hostmetrics,
  filelog: FILELOG,
  prometheus: PROMETHEUS,
  kubeletstats,
  k8scluster: record({
    auth_type: authType,
    collection_interval: interval,
    metadata_collection_interval: interval,
    node_conditions_to_report: words,
    allocatable_types_to_report: words,
    distribution: oneOf("kubernetes", "openshift"),
    namespace: word,
    namespaces: words,
    metrics: switches,
    resource_attributes: switches,
  }),
  k8sevents: record({ auth_type: authType, namespaces: words }),
  k8sobjects,
  // The status page that a machine can read; the receiver itself asks for this query.
  apache: dialer(receiverEndpoint(["http", "https"], "?auto")),
  nginx: dialer(url),
  elasticsearch: dialer(url, {
    ...credentials,
    nodes: list(name, 64),
    indices: list(name, 64),
    skip_cluster_metrics: flag,
  }),
  rabbitmq: dialer(url, credentials),
  vcenter: dialer(url, credentials),
  mysql: dialer(hostAndPort, {
    ...plainCredentials,
    database: plainWord,
    allow_native_passwords: flag,
    transport: tcp,
  }),
  postgresql: dialer(hostAndPort, {
    ...plainCredentials,
    databases: list(plainWord, 64),
    exclude_databases: list(plainWord, 64),
    transport: tcp,
    tls: receiverTlsAlways,
  }),
  redis: dialer(hostAndPort, { ...credentials, transport: tcp }),
  saphana: dialer(hostAndPort, credentials),
  mongodb: record(
    {
      ...SCRAPING,
      ...credentials,
      hosts: list(record({ endpoint: hostAndPort, transport: tcp }, { required: ["endpoint"] }), 16, 1),
      replica_set: name,
      direct_connection: flag,
      tls: receiverTlsAlways,
    },
    { required: ["hosts"] },
  ),
  kafkametrics: record(
    {
      ...SCRAPING,
      brokers: list(hostAndPort, 32, 1),
      protocol_version: matching(/^[0-9.]{1,16}$/, "a version, such as 3.0.0"),
      scrapers: list(oneOf("topics", "partitions", "brokers", "consumers"), 4, 1),
      topic_match: text(1_024),
      group_match: text(1_024),
      client_id: name,
      refresh_frequency: interval,
      cluster_alias: name,
      tls: receiverTls,
      auth: never("Kerberos and AWS sign in by files and hosts of their own"),
    },
    { required: ["brokers"] },
  ),
  snmp: record(
    {
      ...SCRAPING,
      endpoint: receiverEndpoint(["udp", "tcp"]),
      version: oneOf("v1", "v2c", "v3"),
      community: name,
      user: name,
      security_level: oneOf("no_auth_no_priv", "auth_no_priv", "auth_priv"),
      auth_type: name,
      auth_password: name,
      privacy_type: name,
      privacy_password: name,
      attributes: mapOf(data, 256),
      resource_attributes: mapOf(data, 256),
      metrics: mapOf(data, 1_024),
    },
    { required: ["endpoint"] },
  ),
};

// Options Momentum accepts and Postern leaves to others: one warning each, never silence.
// Names and scopes from the manual's options summary, without the scopes the gate does not read.

import { ignored } from './option-spec.ts'
import type { IgnoredOption } from './option-spec.ts'

const endToEnd =
  'the upstream asks for the login, or the gate does with Auth_HTTP, Auth_Users or Auth_Upstream'
const relaying = "relaying is the upstream's business"
const content = "what a message may hold is the upstream's business"
const syntax = 'SMTP syntax is judged by the upstream'
const tracking = "message content is the upstream's business"
const threads = 'it manages its own threads'
const buffers = 'the operating system sizes socket buffers'
const delivery = "delivering mail is the upstream's business"
const addresses = "moving addresses between nodes is the cluster manager's business"
const machine = 'it concerns the inner working of Momentum'
const tlsLibrary = 'the TLS library of Node.js decides it'

const receiving: readonly IgnoredOption[] = [
  ...ignored('Enable_Authentication Always_Allow Always_Deny', 'E L W WG P', endToEnd),
  ...ignored('AuthLoginParameters AuthPlainParameters AuthCramMD5Parameters', 'E L W WG', endToEnd),
  ...ignored('AuthDigestMD5Parameters', 'E L W WG P', endToEnd),
  ...ignored('AuthorizationParameters', 'E L', endToEnd),
  ...ignored('Enable_Authorization', 'L P', 'it has no console listener'),
  ...ignored('Open_Relay Relay_For_Sending_Domains', 'E L W WG P', relaying),
  ...ignored('Relay_Hosts', 'G E L W WG P', relaying),
  ...ignored('Relay_Domains', 'G W WG', relaying),
  ...ignored('TLS_Verified_Peer_Can_Relay', 'E S L W WG P', relaying),
  ...ignored('TLS_Verified_Peer_Is_Authorized', 'L W P', endToEnd),
  ...ignored('Max_Recipients_Per_Connection', 'G E L P', content),
  ...ignored('Max_Recipients_Per_Message Max_Message_Size', 'E L W WG P', content),
  ...ignored('Received_Hostname', 'E L W WG P', 'it adds no Received header'),
  ...ignored(
    `Require_EHLO Allow_Null_Envelope_Sender Allow_IP_Literal Allow_Trailing_Whitespace_In_Commands
    Domain_For_Unqualified_Recipient_Addresses Domain_For_Unqualified_Sender_Address`,
    'G E L W WG P',
    syntax,
  ),
  ...ignored(
    `RFC2821_Allow_Whitespace_In_Envelope RFC2821_Pedantic_Address_Rules RFC2822_Date_Header
    RFC2822_Lone_LF_In_Body RFC2822_Lone_LF_In_Headers RFC2822_Max_Line_Length
    RFC2822_Max_Line_Length_Policy RFC2822_MessageID_Header RFC2822_Missing_Headers
    RFC2822_Trace_Headers`,
    'G W WG',
    syntax,
  ),
  ...ignored(
    `Alias_Schemes Bounce_Domains Default_Charset
    Generate_Bounces_For_Multi_Recipient_Policy_Rejections`,
    'G W WG',
    delivery,
  ),
  ...ignored('Inbound_Throttle_Messages', 'G W WG', 'it counts sessions, not messages'),
  ...ignored('ECStream_Max_Batch_Size', 'S L W WG P', 'the upstream takes the messages'),
  ...ignored('TCP_Recv_Buffer_Size TCP_Send_Buffer_Size', 'E S I O L', buffers),
  ...ignored('Accept_Queue_Backlog Concurrency Events_Per_Iter Pool_Name', 'E S I O L', threads),
  ...ignored('Event_Loop', 'E S L', threads),
  ...ignored(
    `Click_Tracking_Enabled Click_Tracking_Scheme Open_Tracking_Enabled Open_Tracking_Scheme
    Tracking_Domain Tracking_Link_Expiry MCMT_Reception`,
    'E L W WG P',
    tracking,
  ),
  ...ignored(
    'Disable_Chunked Log_Requests_To_Paniclog Max_Request_Size',
    'L W WG P',
    'it serves no HTTP',
  ),
  ...ignored('DuraVIP_Follow DuraVIP_Preference Enable_DuraVIP', 'L', addresses),
]

const sending: readonly IgnoredOption[] = ignored(
  `Adaptive_Adjustment_Interval Adaptive_Alert_Email_Destination Adaptive_Attempt_Threshold
  Adaptive_Body_Timeout Adaptive_Default_Suspension Adaptive_EHLO_Timeout Adaptive_Enabled
  Adaptive_FBL_Volume_Threshold Adaptive_Idle_Timeout Adaptive_Mailfrom_Timeout
  Adaptive_Max_Deliveries_Per_Connection Adaptive_Max_Outbound_Connections
  Adaptive_Max_Recipients_Per_Batch Adaptive_Max_Recipients_Per_Connection
  Adaptive_Max_Resident_Active_Queue Adaptive_Max_Retries Adaptive_Max_Retry_Interval
  Adaptive_Notification_Events Adaptive_Notification_Interval Adaptive_Outbound_Throttle_Messages
  Adaptive_Positive_Adjustment_Interval Adaptive_Rcptto_Timeout
  Adaptive_Rejection_Rate_Suspension_Percentage Adaptive_Retry_Fuzz Adaptive_Retry_Interval
  Adaptive_RSET_Timeout Adaptive_Scope Adaptive_Sweep_Rule_Enabled Address_Metrics_Cleanse_Interval
  Address_Metrics_Lifetime APN_Expiry Async_Bounce_Rendering Bind_Address Binding_Auto_Replumb
  Binding_Auto_Replumb_Interval Blackhole Body_Timeout Bounce_Behavior Bounce_Pattern
  Bounce_Suppress_List Bounces_Inline_Original Cluster_Max_Outbound_Connections
  Cluster_Outbound_Throttle_Connections Cluster_Outbound_Throttle_Messages
  Cluster_Scope_Max_Outbound_Connections Cluster_Server_Max_Outbound_Connections Connect_Timeout
  Connect_Timeout_To_Delay Connection_Allocation_Aggressiveness Default_Binding
  Delay_DSN_Max_Retry_Interval Delay_DSN_Retry_Interval Delayed_Binding_Domain_Fuzz
  Delayed_Queue_Scan_Interval Delivery_Method Delivery_Pool Delivery_Response_Timeout
  DNS_Cache_Purge_Interval DNS_Expire_Interval DNS_Failures_To_Purge DNS_Fallback_To_TCP
  DNS_Max_UDP_Queries_Per_Port DNS_Rate_Limit_Enabled DNS_Rate_Limit_Max_Queue
  DNS_Rate_Limit_MX_Queries DNS_Rate_Limit_Period DNS_UDP_Rcvbuf_Size DNS_UDP_Sndbuf_Size Domainkeys
  Drop_Body_After_Trans_Fail ECStream_Port ECStream_Timeout EHLO_Hostname EHLO_Timeout
  Enable_FBL_Header_Insertion Enable_MTA_STS Exclude_VCTX_Conn Exclude_VCTX_Mess
  Expensive_Batch_Assessment Fully_Resolve_Before_SMTP Gateway GCM_Application_ID
  GCM_Authorization_Token_ID GCM_Delay_While_Idle GCM_Dry_Run GCM_TTL Generate_Bounces
  Generate_Delay_DSN Host_Failure_Retry Hot_Domains HTTP_Basic_Auth HTTP_Host HTTP_Method HTTP_URI
  HTTP_Version Idle_Timeout Inline_Transfail_Processing LMTP_Port MailerDaemon Mailfrom_Timeout
  Max_Deliveries_Per_Connection Max_DNS_TTL Max_Outbound_Connections Max_Recipients_Per_Batch
  Max_Resident_Active_Queue Max_Resident_Messages Max_Resident_Transfails Max_Retries
  Max_Retry_Interval MDN_Failures_Notify Message_Expiration
  Migrate_Connections_Between_Sibling_Domains Min_DNS_TTL MTA_STS_DNS_CNAME_Max_Depth
  MTA_STS_Policy_Store MX_Failures_Fallback_To_A MX_Failures_To_Delay Never_Attempt_Expired_Messages
  Never_Retry Only_Use_Best_MX_For_Relay_Domains OpenDKIM_Sign Outbound_Throttle_Connections
  Outbound_Throttle_Messages Prefer_IPv6_MXs Prohibited_Hosts Rcptto_Timeout Remote_SMTP_Port
  Reserve_Maintenance_Interval Resolv_Conf Response_Transcode_Pattern Response_Transcode_Replace
  Retry_Interval Routes RSET_Timeout Scope_Max_Outbound_Connections Send_8BITMIME
  Server_Max_Outbound_Connections Server_Reserve_Outbound_Connections Skip_Hosts
  Soft_Bounce_Drain_Rate Suspend_Delivery Swap_Out_Meta_After_Each_Tempfail TCP_Buffer_Size TLS
  TLS_CA TLS_IfAvailable_Fallback TLS_Verify TLSA_Expire_Interval Trace_SMTP_Mode
  Transfail_Drain_Rate Transform_8BITMIME_Content Use_IPv6 Use_MTA_STS Use_Sendfile`,
  'G',
  delivery,
)

const system: readonly IgnoredOption[] = [
  ...ignored('Crypto_Engine Crypto_Lock_Method SSL_Lock_Method TLS_Engine', 'G', tlsLibrary),
  ...ignored('TLS_Enable_DHE_Ciphers', 'G', tlsLibrary),
  ...ignored(
    `_unsafe_spool Clear_Mail_Queue_Maintainers Control_Client_Timeout
    Debug_Throttle_Max_Num_Same_Message Debug_Throttle_Period_Secs Disk_Queue_Drain_Rate Force_Fsync
    Growbuf_Size Hostname Initial_Hash_Buckets Keep_Message_Dicts_In_Memory Large_Message_Threshold
    Legacy_Message_Threshold License Local_Changes_File Local_Changes_Only Log_Hires_Timestamp
    Mail_Queue_Check_VM_Interval Maintainer_Pool Malloc2mmap_Threshold MasterDB_File
    Match_Cache_Life Match_Cache_Size Max_Timed_Events_Per_Iter Memory_Goal Memory_HWM
    MIME_Parse_Large_Messages_During_Reception PCRE_Cache_Size PCRE_Cache_TTL Permastore_Interval
    Scheduler Signing_Stats SIV_Throttle_Cache_Size Spool_Mode SpoolBase
    TimestampFormat Unlink_On_Spool_In_Failure Use_IFList_Cache Use_MMap`,
    'G',
    machine,
  ),
]

/** Every option that is accepted with a warning. */
export const ignoredOptions: readonly IgnoredOption[] = [...receiving, ...sending, ...system]

package shape

// answerTables are those of answers in one piece.
var answerTables = map[Endpoint]*node{
	Chat:              table(commonAnswer+chatAnswer, nil),
	Completions:       table(commonAnswer+completionsAnswer, nil),
	Responses:         responseTable,
	Messages:          messageTable,
	Embeddings:        table(commonAnswer+embeddingsAnswer, nil),
	ImagesGenerations: imagesTable,
	ImagesEdits:       imagesTable,
	ImagesVariations:  imagesTable,
	Transcriptions:    transcriptTable,
	Translations:      transcriptTable,
	Videos:            table(videosAnswer, nil),
}

var (
	responseTable   = table(responsesAnswer, map[string]*node{"schema": schemaTable, "item": outputItem})
	messageTable    = table(messagesAnswer, map[string]*node{"block": answerBlock})
	imagesTable     = table(imagesAnswer, nil)
	transcriptTable = table(transcriptAnswer, nil)
)

const commonAnswer = `
id object created model system_fingerprint service_tier provider = token
usage.prompt_tokens = token in
usage.completion_tokens = token out
usage.total_tokens = token
usage.prompt_tokens_details.cached_tokens usage.prompt_tokens_details.audio_tokens usage.completion_tokens_details.reasoning_tokens = token
usage.completion_tokens_details.audio_tokens usage.completion_tokens_details.accepted_prediction_tokens usage.completion_tokens_details.rejected_prediction_tokens = token
usage.prompt_cache_hit_tokens usage.prompt_cache_miss_tokens usage.cost = token
prompt_logprobs prompt_token_ids kv_transfer_params = null
timings.cache_n timings.prompt_n timings.prompt_ms timings.prompt_per_token_ms timings.prompt_per_second = token
timings.predicted_n timings.predicted_ms timings.predicted_per_token_ms timings.predicted_per_second = token
error = error
choices.* = choice
choices.*.index = token index
choices.*.finish_reason = token finish
choices.*.native_finish_reason choices.*.matched_stop = token
choices.*.stop_reason = other
choices.*.token_ids = null
`

const chatAnswer = `
choices.*.logprobs.content.*.token choices.*.logprobs.content.*.top_logprobs.*.token = other
choices.*.logprobs.refusal.*.token choices.*.logprobs.refusal.*.top_logprobs.*.token = other
choices.*.logprobs.content.*.logprob choices.*.logprobs.content.*.top_logprobs.*.logprob = token
choices.*.logprobs.content.*.bytes choices.*.logprobs.content.*.top_logprobs.*.bytes = null
choices.*.logprobs.refusal.*.bytes choices.*.logprobs.refusal.*.top_logprobs.*.bytes = null
choices.*.message = as:assistant
choices.*.message.role = token role
choices.*.message.content choices.*.message.refusal = content as:assistant
choices.*.message.content.*.type = token type
choices.*.message.content.*.text = content as:assistant
choices.*.message.content.*.thinking = reasoning
choices.*.message.content.*.thinking.*.type = token
choices.*.message.content.*.thinking.*.text = reasoning
choices.*.message.content.*.image_url.url = uri
choices.*.message.reasoning_content choices.*.message.reasoning = reasoning
choices.*.message.reasoning_details.*.text choices.*.message.reasoning_details.*.summary = reasoning
choices.*.message.reasoning_details.*.type choices.*.message.reasoning_details.*.id choices.*.message.reasoning_details.*.format choices.*.message.reasoning_details.*.index = token
choices.*.message.reasoning_details.*.data choices.*.message.reasoning_details.*.signature = opaque
choices.*.message.tool_calls.*.id choices.*.message.tool_calls.*.type choices.*.message.tool_calls.*.index = token
choices.*.message.tool_calls.*.function.name choices.*.message.tool_calls.*.custom.name = other
choices.*.message.tool_calls.*.function.arguments = arguments json
choices.*.message.tool_calls.*.custom.input = arguments
choices.*.message.function_call.name = other
choices.*.message.function_call.arguments = arguments json
choices.*.message.audio.id choices.*.message.audio.expires_at = token
choices.*.message.audio.data = base64
choices.*.message.audio.transcript = content
choices.*.message.images.*.type choices.*.message.images.*.index = token
choices.*.message.images.*.image_url.url = uri
choices.*.message.annotations.*.type = token
choices.*.message.annotations.*.url_citation.url choices.*.message.annotations.*.url_citation.title choices.*.message.annotations.*.url_citation.content = other
choices.*.message.annotations.*.url_citation.start_index choices.*.message.annotations.*.url_citation.end_index = token
`

const completionsAnswer = `
choices.*.text = content as:assistant
choices.*.logprobs.tokens.* = other
choices.*.logprobs.top_logprobs.*.{} = other
choices.*.logprobs.token_logprobs choices.*.logprobs.text_offset = token
`

// outputItem is an item of an answer of /responses. Its texts grow where a stream has it.
var outputItem = table(`
type = token type
role = token role
id call_id status phase = token
content.*.type = token type
content.*.text content.*.refusal = content as:assistant
content.*.transcript = content as:assistant
content.*.audio content.*.data = pieces
content.*.logprobs = empty
content.*.annotations.*.type content.*.annotations.*.start_index content.*.annotations.*.end_index content.*.annotations.*.index = token
content.*.annotations.*.url content.*.annotations.*.title content.*.annotations.*.filename = other
content.*.annotations.*.file_id content.*.annotations.*.container_id = token
summary.*.type = token type
summary.*.text = reasoning
encrypted_content = opaque
name server_label namespace = other
arguments = arguments json
input code = arguments
result = base64
output outputs.*.logs = other
outputs.*.type = token
outputs.*.url = uri
revised_prompt = other
background output_format quality size container_id = token
action.type = token
action.query action.queries.* action.url action.pattern queries.* = arguments
action.sources.*.type = token
action.sources.*.url results.*.text results.*.filename = other
results.*.file_id results.*.score = token
`, nil)

const responsesAnswer = `
id model created_at = token head
object status service_tier completed_at background truncation prompt_cache_key prompt_cache_retention = token
previous_response_id = token
user safety_identifier = token
error = error
incomplete_details.reason = token finish
instructions = instruction as:system
metadata.{} = other
output.* = @item
output_text = null
conversation.id = token
max_output_tokens max_tool_calls temperature top_p top_logprobs parallel_tool_calls store presence_penalty frequency_penalty = token
reasoning.effort reasoning.summary reasoning.generate_summary = token
text.format.type text.format.strict text.verbosity = token
text.format.name text.format.description = other
text.format.schema = @schema
tool_choice tool_choice.type tool_choice.mode = token
tool_choice.name = other
tools.*.type tools.*.strict = token
tools.*.name tools.*.description = other
tools.*.parameters = @schema
usage.input_tokens = token in
usage.output_tokens = token out
usage.total_tokens usage.input_tokens_details.cached_tokens usage.output_tokens_details.reasoning_tokens = token
`

const messagesAnswer = `
id model = token
type = token
role = token role
error = error
content.* = @block
stop_reason = token finish
stop_sequence = other
container.id container.expires_at = token
` + messagesUsage

const messagesUsage = `
usage.input_tokens = token in
usage.output_tokens = token out
usage.cache_creation_input_tokens usage.cache_read_input_tokens usage.service_tier usage.inference_geo = token
usage.cache_creation.ephemeral_5m_input_tokens usage.cache_creation.ephemeral_1h_input_tokens = token
usage.server_tool_use.web_search_requests usage.server_tool_use.web_fetch_requests = token
`

const embeddingsAnswer = `
data.*.object data.*.index = token
data.*.embedding = opaque
`

const imagesAnswer = `
created background output_format quality size model = token
error = error
data.*.b64_json data.*.url = pair
data.*.revised_prompt = other
usage.input_tokens = token in
usage.output_tokens = token out
usage.total_tokens usage.input_tokens_details.text_tokens usage.input_tokens_details.image_tokens = token
usage.output_tokens_details.text_tokens usage.output_tokens_details.image_tokens = token
`

const transcriptAnswer = `
task language duration = token
error = error
text = content
segments.*.id segments.*.seek segments.*.start segments.*.end segments.*.temperature segments.*.avg_logprob segments.*.compression_ratio segments.*.no_speech_prob segments.*.type = token
segments.*.text = content
segments.*.speaker = other
segments.*.tokens = empty
words.*.word = other
words.*.start words.*.end = token
logprobs = empty
usage.type = token
usage.input_tokens = token in
usage.output_tokens = token out
usage.total_tokens usage.seconds usage.input_token_details.text_tokens usage.input_token_details.audio_tokens = token
`

const videosAnswer = `
id object model status progress created_at completed_at expires_at size seconds quality remixed_from_video_id = token
error = error
prompt = content as:user
`

// eventTables are those of the events of answers that come in pieces.
var eventTables = map[Endpoint]*node{
	Chat:           table(commonEvent+chatEvent, nil),
	Completions:    table(commonEvent+completionsEvent, nil),
	Responses:      table(responsesEvent, map[string]*node{"item": outputItem, "response": responseTable}),
	Messages:       table(messagesEvent, map[string]*node{"block": answerBlock, "message": messageTable}),
	Transcriptions: table(responsesEvent, map[string]*node{"item": outputItem, "response": responseTable}),
}

const commonEvent = commonAnswer + `
id created model = token head
obfuscation = token
choices.*.logprobs = null
`

const chatEvent = `
choices.*.delta = delta
choices.*.delta.role = token
choices.*.delta.content choices.*.delta.refusal = delta content
choices.*.delta.content.*.type = token type
choices.*.delta.content.*.text = delta content
choices.*.delta.content.*.thinking = delta reasoning
choices.*.delta.content.*.thinking.*.type = token type
choices.*.delta.content.*.thinking.*.text = delta reasoning
choices.*.delta.reasoning_content choices.*.delta.reasoning = delta reasoning
choices.*.delta.reasoning_details.* = indexed
choices.*.delta.reasoning_details.*.index = token index
choices.*.delta.reasoning_details.*.type = token type
choices.*.delta.reasoning_details.*.id choices.*.delta.reasoning_details.*.format = token
choices.*.delta.reasoning_details.*.text choices.*.delta.reasoning_details.*.summary = delta reasoning
choices.*.delta.reasoning_details.*.data choices.*.delta.reasoning_details.*.signature = opaque
choices.*.delta.tool_calls.* = indexed
choices.*.delta.tool_calls.*.index = token index
choices.*.delta.tool_calls.*.id choices.*.delta.tool_calls.*.type = token
choices.*.delta.tool_calls.*.function.name choices.*.delta.tool_calls.*.custom.name = other once
choices.*.delta.tool_calls.*.function.arguments = delta arguments json
choices.*.delta.tool_calls.*.custom.input = delta arguments
choices.*.delta.function_call.name = other once
choices.*.delta.function_call.arguments = delta arguments json
choices.*.delta.audio.id choices.*.delta.audio.expires_at = token
choices.*.delta.audio.data = pieces
choices.*.delta.audio.transcript = delta content
choices.*.delta.images.*.type choices.*.delta.images.*.index = token
choices.*.delta.images.*.image_url.url = uri
choices.*.delta.annotations.*.type = token
choices.*.delta.annotations.*.url_citation.url choices.*.delta.annotations.*.url_citation.title choices.*.delta.annotations.*.url_citation.content = other
choices.*.delta.annotations.*.url_citation.start_index choices.*.delta.annotations.*.url_citation.end_index = token
`

const completionsEvent = `
choices.*.text = delta content
`

// responsesEvent is that of all events of /responses and of transcriptions; what a text is depends on their type.
const responsesEvent = `
type = token type
sequence_number = token sequence
item_id = token item
output_index = token output-index
content_index summary_index = token content-index
annotation_index commentary obfuscation = token
error = error
delta = delta
text refusal arguments input code transcript = other
partial_image_b64 = drop
partial_image_index = token
logprobs = empty
code param message = other
name = other
annotation.type annotation.start_index annotation.end_index annotation.file_id annotation.container_id annotation.index = token
annotation.url annotation.title annotation.filename = other
part.type = token type
part.text part.refusal part.transcript = other
part.logprobs = empty
part.annotations.*.type part.annotations.*.start_index part.annotations.*.end_index = token
part.annotations.*.url part.annotations.*.title = other
item = @item
response = @response
id start end speaker language = token
usage.type = token
usage.input_tokens = token in
usage.output_tokens = token out
usage.total_tokens usage.seconds usage.input_token_details.text_tokens usage.input_token_details.audio_tokens = token
`

const messagesEvent = `
type = token type
index = token output-index
error = error
message = @message
content_block = @block
delta = delta
delta.type = token type
delta.text = delta content
delta.thinking = delta reasoning
delta.partial_json = delta arguments json
delta.signature = opaque
delta.citation.type delta.citation.start_char_index delta.citation.end_char_index delta.citation.document_index delta.citation.start_page_number delta.citation.end_page_number = token
delta.citation.start_block_index delta.citation.end_block_index delta.citation.search_result_index delta.citation.file_id = token
delta.citation.cited_text delta.citation.document_title delta.citation.title delta.citation.url delta.citation.source = other
delta.citation.encrypted_index = opaque
delta.stop_reason = token finish
delta.stop_sequence = other
delta.container.id delta.container.expires_at = token
context_management = token
` + messagesUsage

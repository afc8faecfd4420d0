package shape

import "strings"

// schemaTable is JSON Schema, as tools and answers in JSON are described with it.
var schemaTable = loop("schema", `
type format $schema $ref $id = token
type.* title description default const pattern $comment = other
enum.* required.* examples.* = other
minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems minProperties maxProperties = token
uniqueItems nullable strict deprecated readOnly writeOnly = token
properties.{} patternProperties.{} definitions.{} $defs.{} dependentSchemas.{} = @schema
items items.* prefixItems.* additionalProperties not if then else contains propertyNames = @schema
anyOf.* allOf.* oneOf.* = @schema
`, nil)

// requestTables are those of requests. Whatever is a string and is not named here is a text; what is named without a class is
// a text of that kind.
var requestTables = map[Endpoint]*node{
	Chat:              table(commonRequest+chatRequest, map[string]*node{"schema": schemaTable}),
	Completions:       table(commonRequest+completionsRequest, map[string]*node{"schema": schemaTable}),
	Responses:         table(commonRequest+responsesRequest, map[string]*node{"schema": schemaTable, "item": inputItem}),
	Messages:          table(messagesRequest, map[string]*node{"schema": schemaTable, "block": messageBlock}),
	Embeddings:        table(commonRequest+embeddingsRequest, nil),
	ImagesGenerations: table(commonRequest+imagesRequest, nil),
	ImagesEdits:       table(commonRequest+imagesRequest, nil),
	ImagesVariations:  table(commonRequest+imagesRequest, nil),
	Speech:            table(commonRequest+speechRequest, nil),
	Videos:            table(commonRequest+videosRequest, nil),
}

const commonRequest = `
model = token model
stream = stream token
n = count
user safety_identifier = token user
prompt_cache_key prompt_cache_retention service_tier = token
metadata.{} = other
temperature top_p top_k min_p seed max_tokens max_completion_tokens max_output_tokens presence_penalty frequency_penalty repetition_penalty = token
stop stop.* = other
stream_options.include_usage stream_options.include_obfuscation store logprobs top_logprobs parallel_tool_calls timeout = token
logit_bias.# = token
kv_transfer_params = coded words
`

const chatRequest = `
messages.*.role = token role
messages.*.content = content
messages.*.name = other
messages.*.tool_call_id messages.*.id = token
messages.*.refusal = content
messages.*.reasoning_content messages.*.reasoning = reasoning
messages.*.reasoning_details.*.text messages.*.reasoning_details.*.summary = reasoning
messages.*.reasoning_details.*.type messages.*.reasoning_details.*.id messages.*.reasoning_details.*.format messages.*.reasoning_details.*.index = token
messages.*.reasoning_details.*.data messages.*.reasoning_details.*.signature = opaque
messages.*.content.*.type = token type
messages.*.content.*.text messages.*.content.*.refusal = content
messages.*.content.*.thinking = reasoning
messages.*.content.*.image_url = uri
messages.*.content.*.image_url.url = uri
messages.*.content.*.image_url.detail = token
messages.*.content.*.video_url.url messages.*.content.*.audio_url.url messages.*.content.*.video messages.*.content.*.video.* = uri
messages.*.content.*.image_embeds messages.*.content.*.image_embeds.{} messages.*.content.*.audio_embeds messages.*.content.*.audio_embeds.{} = coded
messages.*.content.*.input_audio.data = base64
messages.*.content.*.input_audio.format = token format
messages.*.content.*.file.file_data = file
messages.*.content.*.file.file_id = refused
messages.*.content.*.file.filename = other
messages.*.content.*.cache_control.type messages.*.content.*.cache_control.ttl = token
messages.*.images.*.image_url.url = uri
messages.*.images.*.type messages.*.images.*.index = token
messages.*.audio.id = refused
messages.*.annotations.*.type = token
messages.*.annotations.*.url_citation.url messages.*.annotations.*.url_citation.title = other
messages.*.annotations.*.url_citation.start_index messages.*.annotations.*.url_citation.end_index = token
messages.*.function_call.name = other
messages.*.function_call.arguments = arguments json
messages.*.tool_calls.*.id messages.*.tool_calls.*.type messages.*.tool_calls.*.index = token
messages.*.tool_calls.*.function.name messages.*.tool_calls.*.custom.name = other
messages.*.tool_calls.*.function.arguments = arguments json
messages.*.tool_calls.*.custom.input = arguments
tools.*.type tools.*.function.strict tools.*.custom.format.type tools.*.custom.format.grammar.syntax = token
tools.*.function.name tools.*.function.description tools.*.custom.name tools.*.custom.description tools.*.custom.format.grammar.definition = other
tools.*.function.parameters functions.*.parameters = @schema
functions.*.name functions.*.description = other
tool_choice tool_choice.type function_call = token
tool_choice.function.name tool_choice.custom.name function_call.name = other
tool_choice.allowed_tools.mode tool_choice.allowed_tools.tools.*.type = token
tool_choice.allowed_tools.tools.*.function.name = other
response_format.type = token machine
response_format.json_schema.name response_format.json_schema.description = other
response_format.json_schema.strict = token
response_format.json_schema.schema = @schema
prediction.type prediction.content.*.type = token
prediction.content prediction.content.*.text = content as:assistant
modalities.* audio.voice audio.format reasoning_effort verbosity = token
audio.voice.id = token
web_search_options.search_context_size web_search_options.user_location.type = token
reasoning.effort reasoning.enabled reasoning.exclude reasoning.max_tokens thinking.type thinking.budget_tokens enable_thinking = token
guided_json = machine
guided_regex guided_choice.* guided_grammar = machine other
chat_template chat_template_kwargs.chat_template = coded
`

const completionsRequest = `
prompt = content as:user words questions
prompt.* = content as:user words
prompt.*.* = words
suffix = content as:user
prompt_embeds prompt_embeds.* = coded
best_of = best
echo = token
guided_json = machine
guided_regex guided_choice.* guided_grammar = machine other
`

const responsesRequest = `
instructions = instruction as:system
input = content as:user
input.* = @item
previous_response_id conversation conversation.id prompt.id = refused
background truncation include.* max_tool_calls = token
text.format.type = token machine
text.format.name text.format.description = other
text.format.strict text.verbosity = token
text.format.schema = @schema
reasoning.effort reasoning.summary reasoning.generate_summary = token
tool_choice tool_choice.type tool_choice.mode = token
tool_choice.name tool_choice.server_label = other
tool_choice.tools.*.type = token
tool_choice.tools.*.name = other
tools.*.type tools.*.strict tools.*.format.type tools.*.format.syntax tools.*.search_context_size tools.*.user_location.type = token
tools.*.name tools.*.description tools.*.format.definition = other
tools.*.parameters = @schema
tools.*.vector_store_ids.* tools.*.container tools.*.container.file_ids.* tools.*.input_image_mask.file_id = refused
tools.*.container.type tools.*.max_num_results = token
tools.*.input_image_mask.image_url = uri
tools.*.quality tools.*.size tools.*.background tools.*.output_format tools.*.output_compression tools.*.moderation tools.*.model tools.*.partial_images = token
`

// inputItem is what goes to /responses. An item that has neither a type nor a role is the number of another.
var inputItem = table(`
type = token type
role = token role
id call_id status phase name_id = token
content = content
content.*.type = token type
content.*.text content.*.refusal = content
content.*.image_url = uri
content.*.detail = token
content.*.file_data = file
content.*.file_url = uri
content.*.file_id = refused
content.*.filename = other
content.*.input_audio.data = base64
content.*.input_audio.format = token format
content.*.logprobs = empty
content.*.annotations.*.type content.*.annotations.*.start_index content.*.annotations.*.end_index content.*.annotations.*.index = token
content.*.annotations.*.url content.*.annotations.*.title content.*.annotations.*.filename = other
content.*.annotations.*.file_id content.*.annotations.*.container_id = token
summary.*.type = token type
summary.*.text = reasoning
encrypted_content = opaque
name = other
namespace = other
arguments = arguments json
input code = arguments
output = content as:tool
output.*.type = token type
output.*.text = content as:tool
output.*.image_url = uri
output.*.file_data = file
output.*.file_url = uri
output.*.file_id = refused
output.*.filename = other
result = base64
action.type = token
results.*.file_id results.*.score = token
container_id = token
`, nil)

const messagesRequest = `
model = token model
stream = stream token
system = instruction as:system
system.*.type = token
system.*.text = instruction as:system
system.*.cache_control.type system.*.cache_control.ttl = token
messages.*.role = token role
messages.*.content = content
messages.*.content.* = @block
metadata.user_id = token user
max_tokens temperature top_p top_k service_tier inference_geo = token
stop_sequences.* = other
thinking.type thinking.budget_tokens thinking.display output_config.effort output_config.task_budget.type = token
output_config.format.type output_format.type = token machine
output_config.format.schema output_format.schema = @schema
tool_choice.type tool_choice.disable_parallel_tool_use = token
tool_choice.name = other
tools.*.type tools.*.strict tools.*.max_uses tools.*.display_width_px tools.*.display_height_px tools.*.cache_control.type tools.*.cache_control.ttl = token
tools.*.name tools.*.description = other
tools.*.input_schema = @schema
mcp_servers.*.type = token
mcp_servers.*.url mcp_servers.*.name mcp_servers.*.authorization_token = other
container = refused
container.id = refused
cache_control.type cache_control.ttl = token
context_management.edits.*.type = token
`

// messageBlock is a block of Anthropic's dialect, in questions and answers.
var messageBlock = loop("block", blockLines, nil)

// answerBlock is the same in an answer: what the model says are its texts alone, and not what it quotes or what a tool of its
// provider found.
var answerBlock = table(strings.ReplaceAll(blockLines, "= content", "= other")+`
text = content
content.* = @inner
`, map[string]*node{"block": innerBlock, "inner": innerBlock})

var innerBlock = loop("block", strings.ReplaceAll(blockLines, "= content", "= other"), nil)

const blockLines = `
type = token type
id tool_use_id = token
text = content
thinking = reasoning
signature data encrypted_content = opaque
name = other
input = arguments
content = content as:tool
content.* = @block
is_error = token
cache_control.type cache_control.ttl = token
source = source
source.type = token type
source.media_type = token mime
source.data = data content
source.url = uri
source.file_id file_id = refused
source.content = content
source.content.* = @block
title context url = content
citations.enabled = token
citations.*.type citations.*.start_char_index citations.*.end_char_index citations.*.document_index citations.*.start_page_number citations.*.end_page_number citations.*.start_block_index citations.*.end_block_index = token
citations.*.cited_text citations.*.document_title citations.*.title citations.*.url citations.*.source = content
citations.*.file_id = token
citations.*.encrypted_index encrypted_index = opaque
caller.type caller.tool_id = token
page_age = token
retrieved_at = token
error_code = token
`

const embeddingsRequest = `
input = content as:user words
input.* = content as:user words
input.*.* = words
encoding_format dimensions = token
`

const imagesRequest = `
prompt negative_prompt = content as:user
image image.* mask = file
images.*.image_url mask.image_url = uri
images.*.file_id mask.file_id = refused
quality size style response_format background moderation output_format output_compression partial_images input_fidelity = token
`

const speechRequest = `
input = content as:user
instructions = instruction as:system
voice voice.id response_format stream_format speed = token
`

const videosRequest = `
prompt = content as:user
input_reference = file
input_reference = as:user
input_reference.image_url = uri
input_reference.file_id = refused
seconds size = token
`

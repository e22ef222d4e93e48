package fromcurl

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestNaming: what the documentation of well-known services shows gets the
// names that people would give. A field is its label, in a group, and <> where
// it is a secret.
func TestNaming(t *testing.T) {
	tests := []struct{ command, name, id, fields string }{
		{`curl https://api.stripe.com/v1/payment_intents -u "sk_test_4eC39HqLyjWDarjtT1zdp7dc:" -d amount=2000 -d "metadata[order_id]"=6735`,
			"Stripe: Create payment intent", "com.stripe.post-payment-intents", "body Amount, body Metadata order ID, service <API key>"},
		{`curl -H "Authorization: Bearer <YOUR-TOKEN>" -H "X-GitHub-Api-Version: 2022-11-28" https://api.github.com/repos/OWNER/REPO/issues -d '{"title":"Found a bug","labels":["bug"]}'`,
			"GitHub: Create issue", "com.github.post-repos-issues", "path Owner, path Repository, body Title, body Labels, headers X-GitHub-Api-Version, service <Token>"},
		{`curl -H 'Authorization: Bearer xoxb-1234-56789abcdefghij' -H 'Content-type: application/json' --data '{"channel":"C1","thread_ts":"1"}' https://slack.com/api/chat.postMessage`,
			"Slack: Post message", "com.slack.post-chat-post-message", "body Channel, body Thread timestamp, service <Token>"},
		{`curl -X POST -d '{"text":"Hello"}' https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX`,
			"Slack: Post to service", "com.slack.hooks.post-services", "path Service ID, path ID, path ID 2, body Text"},
		{`curl "https://api.openweathermap.org/data/2.5/weather?lat=44.34&lon=10.99&appid=bd5e378503939ddaee76f12ad7a97608"`,
			"OpenWeather: Get weather", "org.openweathermap.get-data-weather", "query Latitude, query Longitude, service <App ID>"},
		{`curl --url https://api.sendgrid.com/v3/mail/send -H "Authorization: Bearer $SENDGRID_API_KEY" -H 'Content-Type: application/json' -d '{"from": {"email": "a@b.c"},"subject": "S"}'`,
			"SendGrid: Send mail", "com.sendgrid.post-mail-send", "body From email, body Subject, service <Token>"},
		{`curl -X POST "https://api.twilio.com/2010-04-01/Accounts/$TWILIO_ACCOUNT_SID/Messages.json" --data-urlencode "To=+15558675310" -u $TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN`,
			"Twilio: Create message", "com.twilio.post-accounts-messages", "path Twilio account SID, body To, service Username, service <Password>"},
		{`curl https://api.openai.com/v1/chat/completions -H "OpenAI-Organization: org-abc123" -d '{"max_tokens": 256, "response_format": {"type": "json_object"}}'`,
			"OpenAI: Create completion", "com.openai.post-chat-completions", "body Max tokens, body Response format type, headers OpenAI-Organization"},
		{`curl 'https://api.hubapi.com/crm/v3/objects/contacts?hapikey=12345' -H 'content-type: application/json' -d '{"properties": {"firstname": "Bryan", "hs_lead_status": "NEW"}}'`,
			"HubSpot: Create contact", "com.hubapi.post-crm-objects-contacts", "body First name, body Hs lead status, service <API key>"},
		{`curl 'https://api.notion.com/v1/databases/897e5a76ae524b489fdfe71f5945d1af/query' -H 'Content-Type: application/json' -d '{"page_size": 100}'`,
			"Notion: Query database", "com.notion.post-databases-query", "path Database ID, body Page size"},
		{`curl --url 'https://your-domain.atlassian.net/rest/api/3/issue/{issueIdOrKey}/comment' --user 'email@example.com:<api_token>' -H 'Content-Type: application/json' -d '{"visibility": {"value": "A"}}'`,
			"Atlassian: Create comment", "net.atlassian.your-domain.post-issue-comment", "path Issue ID or key, body Visibility value, service Username, service <Password>"},
		{`curl -H "PRIVATE-TOKEN: x" "https://gitlab.com/api/v4/projects/5/merge_requests/7/notes?per_page=20&page_token=abc"`,
			"GitLab: List notes", "com.gitlab.get-projects-merge-requests-notes", "path Project ID, path Merge request ID, query Per page, query Page token, service <Private token>"},
		{`curl https://api.telegram.org/bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/sendMessage -d chat_id=@channel`,
			"Telegram: Send message", "org.telegram.post-send-message", "body Chat ID, service <Token>"},
		{`curl 'https://maps.googleapis.com/maps/api/geocode/json?address=A&key=YOUR_API_KEY'`,
			"Google: Get geocode", "com.googleapis.maps.get-maps-geocode", "query Address, service <Key>"},
		{`curl 'https://etcd.example.com/v3/range?key=name&sig=abc&X-Amz-Signature=def&sort_key=b'`,
			"Example: Get range", "com.example.etcd.get-range", "query Key, query Sort key, service <Signature>, service <Amz signature>"},
		{`curl -X DELETE https://example.com/users/17`, "Example: Delete user", "com.example.delete-users", "path User ID"},
		{`curl https://example.com/`, "GET example.com/", "com.example.get", ""},
		{`curl -X POST https://events.pagerduty.com/v2/enqueue -H 'Content-Type: application/json' -d '{"payload":{"summary":"S"},"routing_key":"k","dedup_key":"d"}'`,
			"PagerDuty: Enqueue", "com.pagerduty.events.post-enqueue", "body Summary, body Deduplication key, service <Routing key>"},
	}
	for _, tt := range tests {
		made, err := Convert(tt.command, Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.command, err)
			continue
		}
		if made.Name != tt.name || made.ID != tt.id {
			t.Errorf("%s: %q, %s; want %q, %s", tt.command, made.Name, made.ID, tt.name, tt.id)
		}
		if got := fieldsOf(t, made.Template); got != tt.fields {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.fields)
		}
	}
}

func fieldsOf(t *testing.T, text []byte) string {
	var template struct {
		Properties []struct {
			Label, Group string
			Value        any
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, p := range template.Properties {
		if p.Group == "" || p.Group == groupOutput || p.Group == groupRetries || p.Label == "Base URL" {
			continue
		}
		if value, _ := p.Value.(string); strings.Contains(value, "{{secrets.") {
			p.Label = "<" + p.Label + ">"
		}
		fields = append(fields, p.Group+" "+p.Label)
	}
	return strings.Join(fields, ", ")
}
